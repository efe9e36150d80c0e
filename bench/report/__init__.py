"""What benchmarks write down, and what is made of it: tables and a chart.

`make bench` writes `bench.json` where it runs, other benchmarks `bench-growth.json` and so on; all
have one shape (`bench.report.figures.Run`):

    benchmark   which one it is: "bench", "bench-growth", "bench-scaling", "bench-guessing"
    date        when it began, ISO 8601 in UTC
    machine     where it ran:
                processors   how many it may use
                model        of the processor, as the kernel calls it, or null
                system       operating system and architecture
                load         how busy the machine was before (load average of a minute)
                python       version
                python_build "with PGO and LTO", "with PGO", "with LTO", "without PGO or LTO"
                mongodb      version
                commit       of the checkout, short, with "+" where files differ from it; or null
    arguments   what it was asked for: rounds, seconds, connections and so on
    books       what was compared afterwards, in one sentence
    lines       one for each scenario, in the order of the table:
      name         what was asked
      connections  clients that asked at once
      requests     that were answered, over all rounds
      rate         answers a second
      p50_ms       half of the answers took no longer, in milliseconds
      p99_ms       99 of 100 took no longer
      python_ms    processor time of the servers for one request, in milliseconds
      mongod_ms    the same of MongoDB
      commits      of the service, over all rounds
      group        how many commands a commit took on average, or null where there were none
      groups       commits by their size: {"4": 7} are seven of 3 or 4 commands; "+Inf" is the rest
      conflicts    attempts at a commit that another was faster than
      transactions that MongoDB began, over all rounds
      aborted      how many of them came to nothing
      against      the line that it is held against, or null
      by           what is compared: "rate", or "p99_ms", of which the other's part of its own
      ratio        what it comes to, more is better; or null
      wanted       the ratio that is aimed at, or null where none is

`rate`, times, `ratio` are medians over the rounds; a ratio is made within a round. Figures that a
benchmark does not measure are null. All that is drawn and printed is made from this alone.
"""
