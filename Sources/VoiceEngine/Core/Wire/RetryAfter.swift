/// How long a server that refused a request asks to be left alone, from the header of its answer. Pure.
///
/// In this order: `retry-after-ms` (OpenAI, Anthropic), `retry-after` (seconds, also fractions, or a date, RFC 9110
/// section 10.2.3), and for 429 alone the `x-ratelimit-reset-…` of the limit that is used up. A date is taken relative
/// to the answer's own `date`: nobody here reads a clock, and a server's two clocks are one.
package enum RetryAfter {
    /// - Parameter field: The value of a header field; names are given in lower case.
    /// - Returns: nil when the server says nothing that can be understood; never negative, at most a day.
    package static func wait(status: Int, _ field: (String) -> String?) -> Nanoseconds? {
        if let text = field("retry-after-ms"), let time = number(text), time >= 0 { return clamped(time / 1_000) }
        if let text = field("retry-after") {
            if let time = number(text), time >= 0 { return clamped(time) }
            if let time = date(text), let now = field("date").flatMap(date) { return clamped(Double(time - now)) }
        }
        return status == 429 ? reset(field) : nil
    }

    /// Which limit was hit: the one with nothing remaining, else the one that is free again first. The other may be
    /// a day's.
    private static func reset(_ field: (String) -> String?) -> Nanoseconds? {
        var usedUp: Double?
        var shortest: Double?
        for limit in ["requests", "tokens"] {
            guard let time = field("x-ratelimit-reset-" + limit).flatMap(duration) else { continue }
            shortest = min(shortest ?? time, time)
            if field("x-ratelimit-remaining-" + limit).flatMap(number) == 0 { usedUp = max(usedUp ?? 0, time) }
        }
        return (usedUp ?? shortest).map(clamped)
    }

    private static func clamped(_ seconds: Double) -> Nanoseconds {
        .milliseconds(Int64((min(max(seconds, 0), 86_400) * 1_000).rounded(.up)))
    }

    private static func number(_ text: String) -> Double? {
        let text = text.trimmed
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x2E }) else { return nil }
        return Double(text).flatMap { $0.isFinite ? $0 : nil }
    }

    /// A length of time as Go writes it: `1s`, `20ms`, `6m0s`, `2m59.56s`; a bare number is seconds.
    ///
    /// - Returns: [s]
    static func duration(_ text: String) -> Double? {
        let units: [Substring: Double] = ["h": 3_600, "m": 60, "s": 1, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9]
        if let seconds = number(text) { return seconds }
        var rest = text.trimmed
        var seconds = 0.0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { ("0"..."9").contains($0) || $0 == "." }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { !("0"..."9").contains($0) && $0 != "." }
            rest = rest.dropFirst(unit.count)
            guard let value = Double(digits), let factor = units[unit] else { return nil }
            seconds += value * factor
        }
        return seconds.isFinite ? seconds : nil
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT`; the two obsolete forms are not read.
    ///
    /// - Returns: [s] since 1970.
    static func date(_ text: String) -> Int64? {
        let parts = text.trimmed.split(separator: " ")
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        guard parts.count == 6, parts[5] == "GMT", let day = Int64(parts[1]), (1...31).contains(day),
            let month = months.firstIndex(of: String(parts[2])), let year = Int64(parts[3]),
            (1970...9999).contains(year)
        else { return nil }
        let clock = parts[4].split(separator: ":", omittingEmptySubsequences: false).map { Int64($0) }
        guard clock.count == 3, let hour = clock[0], let minute = clock[1], let second = clock[2],
            (0...23).contains(hour), (0...59).contains(minute), (0...60).contains(second)
        else { return nil }
        return days(year, Int64(month) + 1, day) * 86_400 + hour * 3_600 + minute * 60 + second
    }

    /// Days since 1970 in the Gregorian calendar; years begin in March, so that the leap day comes last.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = year / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
