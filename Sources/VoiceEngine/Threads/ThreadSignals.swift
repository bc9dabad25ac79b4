internal import Glibc

/// Runs the body with all signals blocked. Threads made meanwhile take none: signals are the host's, and a thread begins
/// with its creator's mask.
package func withoutSignals<Result>(_ body: () -> Result) -> Result {
    var all = sigset_t()
    var before = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_SETMASK, &all, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    return body()
}
