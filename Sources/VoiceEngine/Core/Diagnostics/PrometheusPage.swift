/// Writes metrics in the Prometheus text format, version 0.0.4.
package struct PrometheusPage {
    package typealias Labels = KeyValuePairs<String, String>

    package private(set) var text = ""

    package init() {}

    package mutating func gauge(_ name: String, _ help: String, _ values: [(Labels, Int)]) {
        family(name, help, "gauge", values)
    }

    /// A gauge of times. [s]
    package mutating func times(_ name: String, _ help: String, _ values: [(Labels, Double)]) {
        head(name, help, "gauge")
        for (labels, value) in values { text += "\(name)\(rendered(labels)) \(value)\n" }
    }

    package mutating func counter(_ name: String, _ help: String, _ values: [(Labels, Int)]) {
        family(name, help, "counter", values)
    }

    /// - Parameter values: Observations at or below each bound, then all of them, and their sum. [s]
    package mutating func histogram(
        _ name: String, _ help: String, bounds: [Double], _ values: [(Labels, cumulative: [Int], sum: Double)]
    ) {
        head(name, help, "histogram")
        for (labels, cumulative, sum) in values {
            for (bound, count) in zip(bounds.map { "\($0)" } + ["+Inf"], cumulative) {
                text += "\(name)_bucket\(rendered(labels, le: bound)) \(count)\n"
            }
            text += "\(name)_sum\(rendered(labels)) \(sum)\n\(name)_count\(rendered(labels)) \(cumulative.last ?? 0)\n"
        }
    }

    private mutating func family(_ name: String, _ help: String, _ type: String, _ values: [(Labels, Int)]) {
        head(name, help, type)
        for (labels, value) in values { text += "\(name)\(rendered(labels)) \(value)\n" }
    }

    private mutating func head(_ name: String, _ help: String, _ type: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    }

    private func rendered(_ labels: Labels, le: String? = nil) -> String {
        var pairs = labels.map { "\($0.key)=\"\($0.value)\"" }
        if let le { pairs.append("le=\"\(le)\"") }
        return pairs.isEmpty ? "" : "{\(pairs.joined(separator: ","))}"
    }
}
