internal import Synchronization
internal import VoiceEngineCore
internal import VoiceEngineProviders
internal import VoiceEngineSession

/// What an engine remembers beyond single agents: how each provider entry does, and recorded apologies. Agents, also
/// those made for one call, find what others with the same entry have learnt. Any thread.
///
/// Full means: the entry that was asked for longest ago is forgotten; who uses it keeps it.
final class ProviderBook: Sendable {
    private static let mostHealth = 512

    private struct Pages: Sendable {
        var health = Recent<ProviderHealth>(capacity: ProviderBook.mostHealth)
    }

    private let pages = Mutex(Pages())
    /// Apologies, greetings, fillers.
    let clips = ClipCache()

    func health(_ role: ProviderRole, _ choice: ProviderChoice, _ policy: CircuitBreaker.Policy) -> ProviderHealth {
        // What tells servers and accounts apart; a voice or a prompt does not.
        let parts = [
            role.rawValue, choice.provider, choice.model ?? "", choice.baseURL ?? "", choice.apiKeyEnvironment ?? "",
            "\(policy.failures)", "\(policy.open.rawValue)",
        ]
        return pages.withLock { pages in
            pages.health.value(parts.joined(separator: "|")) {
                ProviderHealth(role: role, provider: choice.provider, policy: policy)
            }
        }
    }

    var all: [ProviderHealth] { pages.withLock { $0.health.values } }
}

/// The values that were asked for most recently.
private struct Recent<Value: Sendable>: Sendable {
    private struct Entry {
        let value: Value
        var used: Int
    }

    private let capacity: Int
    private var entries: [String: Entry] = [:]
    private var clock = 0

    init(capacity: Int) { self.capacity = capacity }

    var values: [Value] { entries.values.map(\.value) }

    mutating func value(_ key: String, make: () -> Value) -> Value {
        clock += 1
        if let entry = entries[key] {
            entries[key]?.used = clock
            return entry.value
        }
        if entries.count >= capacity, let oldest = entries.min(by: { $0.value.used < $1.value.used }) {
            entries[oldest.key] = nil
        }
        let value = make()
        entries[key] = Entry(value: value, used: clock)
        return value
    }
}
