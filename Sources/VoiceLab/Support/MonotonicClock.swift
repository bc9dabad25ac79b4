import Glibc

/// CLOCK_MONOTONIC in nanoseconds: one time for all processes of a machine, so that the logs of the caller, of the
/// providers and of the engine can be joined.
func monotonicNanoseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
