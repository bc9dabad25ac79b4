import Testing

@testable import VoiceEngineCore

@Suite struct RetryAfterTests {
    @Test(
        arguments: [
            (429, ["retry-after": "7"], 7_000), (503, ["retry-after": " 0.5 "], 500), (529, ["retry-after": "0"], 0),
            (429, ["retry-after-ms": "250", "retry-after": "7"], 250), (429, ["retry-after-ms": "soon"], nil),
            (429, ["retry-after-ms": "-1", "retry-after": "2"], 2_000),
            (429, ["retry-after": "Sun, 06 Nov 1994 08:50:07 GMT", "date": "Sun, 06 Nov 1994 08:49:37 GMT"], 30_000),
            (429, ["retry-after": "Sun, 06 Nov 1994 08:49:00 GMT", "date": "Sun, 06 Nov 1994 08:49:37 GMT"], 0),
            (
                429, ["retry-after": "Tue, 01 Mar 2016 00:00:00 GMT", "date": "Mon, 29 Feb 2016 00:00:00 GMT"],
                86_400_000
            ),
            (429, ["retry-after": "Sun, 06 Nov 1994 08:50:07 GMT"], nil),
            (429, ["retry-after": "inf"], nil), (429, ["retry-after": "1e9"], nil),
            (429, ["retry-after": "99999999999"], 86_400_000), (429, [:], nil),
            (429, ["x-ratelimit-reset-requests": "2m59.56s", "x-ratelimit-reset-tokens": "20ms"], 20),
            (
                429,
                [
                    "x-ratelimit-reset-requests": "2m59.56s", "x-ratelimit-remaining-requests": "0",
                    "x-ratelimit-reset-tokens": "20ms", "x-ratelimit-remaining-tokens": "100",
                ], 179_560
            ),
            (503, ["x-ratelimit-reset-requests": "1s"], nil), (429, ["x-ratelimit-reset-requests": "6m0s"], 360_000),
            (429, ["x-ratelimit-reset-tokens": "1"], 1_000), (429, ["x-ratelimit-reset-tokens": "1x"], nil),
            (429, ["x-ratelimit-reset-tokens": "2026-01-01T00:00:00Z"], nil),
        ] as [(Int, [String: String], Int64?)])
    func readsWhatServersSend(_ row: (status: Int, fields: [String: String], milliseconds: Int64?)) {
        let wait = RetryAfter.wait(status: row.status) { row.fields[$0] }
        #expect(wait == row.milliseconds.map { Nanoseconds.milliseconds($0) })
    }

    @Test func knowsTheCalendar() {
        #expect(RetryAfter.date("Thu, 01 Jan 1970 00:00:00 GMT") == 0)
        #expect(RetryAfter.date("Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777)
        #expect(RetryAfter.date("Thu, 29 Feb 2024 23:59:60 GMT") == 1_709_251_200)
        for wrong in ["", "Sun, 06 Nov 1994 08:49 GMT", "Sun, 06 Foo 1994 08:49:37 GMT", "x, y z a b GMT"] {
            #expect(RetryAfter.date(wrong) == nil, "\(wrong)")
        }
    }
}
