"""The write path: how a change of an event or its bookings comes to be, in reading order.

    view                       reads the request, makes a command, has it executed
     │  execute(command, on=event, caller, key)        (api.http.execute)
    handler.CommandHandler     the one way in
     │
    queue.BatchQueues          one queue per event: who finds nobody at work leads a batch
     │  the leader's thread    followers (waiters.Waiter) sleep until they are completed
    turns.Turns                advisory: one leader at a time, among the workers of a host by a
     │                         file lock (host_lock.HostLock), among hosts that compete for an
     │                         event by a lease (storage.writes.turns)
    combining                  whoever has the file lock takes what the other workers of its server
     │                         have published meanwhile, and replies to them
     │
     │  ┌─ one MongoDB transaction (transaction.Transactions) ──────────────────────────────────┐
     │  │ storage.writes.idempotency.find_many    responses stored under the keys, if any       │
     │  │ batch.Batch                             twins of a key are decided once               │
     │  │ storage.writes.read_sets.load_read_set  the event, and what the commands have to know │
     │  │ domain.commands.decide                  pure: state and commands in, change set out   │
     │  │ storage.writes.change_sets.write_change_set                                           │
     │  │                                         event (fence and capacity in its filter),     │
     │  │                                         customers, bookings in sequence order, audit  │
     │  │ storage.writes.idempotency.insert_many  the responses to be stored                    │
     │  └─ commit: majority, journal ───────────────────────────────────────────────────────────┘
     │       a conflict: nothing has happened; the whole batch is decided anew,
     │       and the event is locked before that
     │
    handler                    wakes the followers, hands the lead over, resumes remaining work
     │
    view                       presents the outcome

    recovery.RecoveryWorker    beside it, in each worker: finishes what a crash left
    moves.Moves                beside the queues: one transaction over two events, for a booking
                               that goes from the one to the other

What a crash at each step leaves stands in docs/architecture.md.
"""
