/// How what an object owns reports back to it, without keeping it alive.
///
/// Like a `weak` reference, but cleared by the object's own `deinit`: a weak one gives the object a side table, and every
/// retain and release of it is several times as dear from then on. Objects of every frame's path are reached this way.
///
/// Confined to the loop of its object, `deinit` included.
final class WayBack<Owner: AnyObject> {
    private unowned(unsafe) var reference: Owner?

    /// nil once the owner is gone, and before `leads`.
    var owner: Owner? { reference }

    func leads(to owner: Owner) { reference = owner }

    /// To be called by the owner's `deinit`.
    func end() { reference = nil }
}
