internal import VoiceEngineCore
internal import VoiceEngineProviders

/// The providers' part of the metrics page: entries with the same role and provider are one line.
struct ProviderMetrics {
    private struct Line {
        var requests = 0
        var failures: [String: Int] = [:]
        var takeovers = 0
        var wasted = 0
        /// The worst of the entries: 0 closed, 1 half-open, 2 open.
        var breaker = 0
        /// [ms] The slowest entry's 95th percentile; nil while too few are known.
        var usual: Int?
    }

    private let lines: [(role: String, provider: String, line: Line)]

    init(_ providers: [ProviderHealth]) {
        var table: [String: (role: String, provider: String, line: Line)] = [:]
        for provider in providers {
            let record = provider.snapshot
            let key = "\(provider.role.rawValue) \(provider.provider)"
            var entry = table[key] ?? (provider.role.rawValue, provider.provider, Line())
            entry.line.requests += record.requests
            entry.line.failures.merge(record.failures) { $0 + $1 }
            entry.line.takeovers += record.takeovers
            entry.line.wasted += record.wasted
            entry.line.breaker = max(entry.line.breaker, provider.breaker.rawValue)
            if let time = record.firstResult.quantile(0.95) {
                entry.line.usual = max(entry.line.usual ?? 0, Int(time.wholeMilliseconds))
            }
            table[key] = entry
        }
        lines = table.sorted { $0.key < $1.key }.map(\.value)
    }

    func write(to page: inout PrometheusPage) {
        page.counter(
            "voice_engine_provider_requests_total", "Requests and streams that were begun.", values(\.requests))
        page.counter(
            "voice_engine_provider_failures_total", "Failures of providers.",
            lines.flatMap { role, provider, line in
                line.failures.sorted { $0.key < $1.key }.map { kind, count in
                    (["role": role, "provider": provider, "kind": kind], count)
                }
            })
        page.counter(
            "voice_engine_provider_failovers_total", "Times that a provider took over from one that failed.",
            values(\.takeovers))
        page.counter(
            "voice_engine_provider_wasted_total", "Requests given up because a second one was faster.",
            values(\.wasted))
        page.gauge(
            "voice_engine_provider_breaker", "Circuit breaker: 0 closed, 1 half-open, 2 open.", values(\.breaker))
        page.times(
            "voice_engine_provider_first_result_p95_seconds",
            "95th percentile of the newest times to first token or first audio.",
            lines.compactMap { role, provider, line in
                line.usual.map { (["role": role, "provider": provider], Double($0) / 1_000) }
            })
    }

    private func values(_ value: KeyPath<Line, Int>) -> [(PrometheusPage.Labels, Int)] {
        lines.map { (["role": $0.role, "provider": $0.provider], $0.line[keyPath: value]) }
    }
}
