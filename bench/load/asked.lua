-- Asks what the file named after `--` says, and tells what came of it in one line of JSON.
-- `bench/load/wrk.py` writes that file and reads that line. One thread of wrk only.

local ffi = require("ffi")
ffi.cdef [[
  typedef struct { long seconds; long microseconds; } moment;
  int gettimeofday(moment *now, void *zone);
]]
local moment = ffi.new("moment")

local function now()
  ffi.C.gettimeofday(moment, nil)
  return tonumber(moment.seconds) + tonumber(moment.microseconds) / 1e6
end

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

-- What wrk's thread keeps is global, so that `done`, which runs elsewhere, can ask for it.
function init(arguments)
  asked = dofile(arguments[1])
  values = {}
  for line in io.lines(asked.values) do table.insert(values, line) end
  n, began, ended, answers, wrong, status, body = 0, 0, 0, 0, 0, 0, ""
end

-- wrk makes one request beforehand, to look at it, and does not send it: number 1 is lost.
function request()
  n = n + 1
  if n == 2 then began = now() end
  if asked.once and n >= #values then wrk.thread:stop() end
  local value = values[asked.once and math.min(n, #values) or (n - 1) % #values + 1] or ""
  local function filled(text)
    return text and text:gsub("{n}", tostring(n)):gsub("{value}", value) or nil
  end
  if #asked.tokens > 0 then
    asked.headers["Authorization"] = "Bearer " .. asked.tokens[n % #asked.tokens + 1]
  end
  return wrk.format(asked.method, filled(asked.path), asked.headers, filled(asked.body))
end

function response(code, headers, text)
  ended = now()
  answers = answers + 1
  if code ~= asked.status then
    wrong = wrong + 1
    if wrong == 1 then status, body = code, text:sub(1, 300) end
  end
end

local function quoted(text)
  return '"' .. text:gsub('[%c\\"]', function(c) return string.format("\\u%04x", c:byte()) end) .. '"'
end

function done(summary, latency, requests)
  local thread, errors = threads[1], summary.errors
  print("MEASURED " .. string.format(
    '{"answers": %d, "seconds": %.6f, "p50_us": %d, "p99_us": %d, "errors": %d, "wrong": %d, "status": %d, "body": %s}',
    thread:get("answers"), thread:get("ended") - thread:get("began"), latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.timeout,
    thread:get("wrong"), thread:get("status"), quoted(thread:get("body"))
  ))
end
