import Synchronization
import Testing
import VoiceEngineCore

@testable import VoiceEngineCarrier

@Suite struct PlaybackOrderTests {
    private static let url = "https://a.example/b.mp3?sig=x"

    @Test(
        arguments: [
            (#"{"url":"https://a.example/b.mp3?sig=x"}"#, nil),
            (#"{"url":"https://a.example/b.mp3?sig=x","loop":null}"#, nil),
            (#"{"url":"https://a.example/b.mp3?sig=x","loop":1}"#, .times(1)),
            (#"{"loop":100,"url":"https://a.example/b.mp3?sig=x"}"#, .times(100)),
            (#"{"url":"https://a.example/b.mp3?sig=x","loop":"infinity"}"#, .endless),
        ] as [(String, PlaybackOrder.Loop?)])
    func reads(body: String, loop: PlaybackOrder.Loop?) throws {
        #expect(try PlaybackOrder(Array(body.utf8)) == PlaybackOrder(url: Self.url, loop: loop))
    }

    @Test(arguments: [
        ("", ""), ("[]", ""), ("{}", "url"), (#"{"url":null}"#, "url"), (#"{"url":7}"#, "url"),
        (#"{"url":"a.mp3"}"#, "url"), (#"{"url":"ftp://a.example/b.mp3"}"#, "url"),
        (#"{"url":"wss://a.example/b.mp3"}"#, "url"), (#"{"url":"https://u:p@a.example/b.mp3"}"#, "url"),
        (#"{"url":"https://a.example/b c.mp3"}"#, "url"), (#"{"url":"https:///b.mp3"}"#, "url"),
        (#"{"url":"https://a/b","loop":0}"#, "loop"), (#"{"url":"https://a/b","loop":101}"#, "loop"),
        (#"{"url":"https://a/b","loop":-1}"#, "loop"), (#"{"url":"https://a/b","loop":1.5}"#, "loop"),
        (#"{"url":"https://a/b","loop":"twice"}"#, "loop"), (#"{"url":"https://a/b","loop":true}"#, "loop"),
        (#"{"url":"https://a/b","volume":11}"#, "volume"),
    ])
    func whatIsWrongIsNamed(body: String, key: String) {
        let problem = #expect(throws: PlaybackOrder.Problem.self) { try PlaybackOrder(Array(body.utf8)) }
        #expect(problem?.key == key && problem?.description.contains("u:p") == false)
    }

    @Test func addressesAreBounded() throws {
        func body(_ bytes: Int) -> [UInt8] {
            let url = "https://a/" + String(repeating: "b", count: bytes - 10)
            return Array(#"{"url":"\#(url)"}"#.utf8)
        }
        #expect(try PlaybackOrder(body(PlaybackOrder.longestURL)).url.utf8.count == PlaybackOrder.longestURL)
        #expect(throws: PlaybackOrder.Problem.self) { try PlaybackOrder(body(PlaybackOrder.longestURL + 1)) }
    }

    @Test(arguments: [
        ("", ""), ("no such file", "no such file"), ("https://a.example/b.mp3?sig=x", "https://a.example/b.mp3"),
        ("404 of https://a.example/b.mp3?sig=x today", "404 of https://a.example/b.mp3 today"),
        ("https://a.example/b.mp3?si", "https://a.example/b.mp3"), ("https://a.example/b.m", "https://a.example/b.m"),
        (
            "https://a.example/b.mp3?sig=x https://a.example/b.mp3?sig=x.",
            "https://a.example/b.mp3 https://a.example/b.mp3"
        ),
    ])
    func theQueryIsTheCarriersAlone(text: String, told: String) {
        #expect(PlaybackOrder(url: Self.url).withoutQuery(text) == told)
    }

    @Test func anyBodyIsReadOrRefused() {
        var random = SeededRandom(seed: 57)
        let right = Array(#"{"url":"https://a.example/b.mp3?sig=x","loop":"infinity"}"#.utf8)
        for round in 0..<4_000 {
            var bytes = right
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: .min ... .max, using: &random)
            }
            if round % 3 == 0 { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random)) }
            do throws(PlaybackOrder.Problem) {
                #expect(try PlaybackOrder(bytes).url.hasPrefix("http"))
            } catch {
                #expect(!error.description.isEmpty)
            }
        }
    }
}

@Suite struct PlaybackStateMachineTests {
    typealias Machine = PlaybackStateMachine

    @Test(
        arguments: [
            ([], .started, .moved(.playing)), ([], .ended(.completed), .moved(.ended)),
            ([.started], .started, .ignored), ([.started], .ended(.stopped), .moved(.ended)),
            ([.ended(.completed)], .started, .ignored), ([.ended(.completed)], .ended(.stopped), .ignored),
        ] as [([Machine.Event], Machine.Event, Machine.Action)])
    func everyEventInEveryState(before: [Machine.Event], event: Machine.Event, action: Machine.Action) {
        var machine = Machine()
        for event in before { _ = machine.take(event) }
        let cause = machine.cause
        #expect(machine.take(event) == action)
        if action == .ignored { #expect(machine.cause == cause) }
    }

    @Test(
        arguments: [
            (.completed, "completed", nil), (.stopped, "stopped", nil), (.callEnded, "call_ended", nil),
            (.failed("file_not_found"), "failed", "file_not_found"), (.failed(""), "failed", nil),
        ] as [(Machine.Cause, String, String?)])
    func causesHaveNames(cause: Machine.Cause, name: String, detail: String?) {
        var machine = Machine()
        #expect(machine.take(.ended(cause)) == .moved(.ended))
        #expect(machine.cause?.name == name && machine.cause?.detail == detail)
    }
}

@Suite struct PlaybacksTests {
    private let told = Notes()

    private func playbacks(most: Int = 4_096) -> Playbacks {
        let told = told
        let time = Mutex<Int64>(1_000)
        return Playbacks(
            most: most,
            now: {
                time.withLock { time in
                    time += 1
                    return time
                }
            }, changed: { told.note("\($0) \($1)") })
    }

    private static let music = PlaybackOrder(url: "https://a/music.mp3?sig=secret", loop: .endless)
    private static let notice = PlaybackOrder(url: "https://a/notice.wav")

    @Test func aRecordingIsFollowed() throws {
        let playbacks = playbacks()
        let id = try #require(playbacks.begin(Self.music, in: "c")).id
        #expect(id.hasPrefix("play_") && id.utf8.count == 37)
        #expect(
            playbacks.all(of: "c").map(\.json.text) == [
                #"{"id":"\#(id)","status":"queued","url":"https://a/music.mp3","loop":"infinity","created_at":1001}"#
            ])
        playbacks.report(.started, of: .init(id: id, url: Self.music.url), in: "c")
        #expect(playbacks.all(of: "c").first?.json["status"] == "playing")
        playbacks.report(.ended(.failed("x")), of: .init(id: id, url: Self.music.url), in: "c")
        #expect(
            playbacks.all(of: "c").map(\.json.text) == [
                #"{"id":"\#(id)","status":"ended","cause":"failed","detail":"x","url":"https://a/music.mp3","#
                    + #""loop":"infinity","created_at":1001,"started_at":1002,"ended_at":1003}"#
            ])
        #expect(told.take() == ["c true", "c false"])
    }

    /// A row: the id and the address that a report brings, and which of three recordings it is about: music (ended),
    /// music again, a notice.
    @Test(
        arguments: [
            ("1", "https://a/music.mp3?sig=secret", 1), ("1", "", 1), ("2", "https://a/notice.wav", 2),
            // What came back was replaced by a later recording.
            ("2", "https://a/music.mp3?sig=secret", 1), ("1", "https://a/notice.wav", 2),
            // Signed anew on the way, or rewritten.
            ("2", "https://a/notice.wav?sig=1", 2), ("2", "https://cdn/x", 2),
            // No id: what is not ours, or was taken out.
            (nil, "https://a/music.mp3?sig=secret", 1), (nil, "https://cdn/x", nil), (nil, "", nil),
            ("7", "https://a/notice.wav", 2), ("7", "https://cdn/x", nil),
            // It has ended: it stays so.
            ("0", "", 0), ("0", "https://cdn/x", 0),
        ] as [(String?, String, Int?)])
    func reportsFindTheirRecording(id: String?, url: String, index: Int?) throws {
        let playbacks = playbacks()
        let ids = try [Self.music, Self.music, Self.notice].map { try #require(playbacks.begin($0, in: "c")).id }
        playbacks.report(.ended(.completed), of: .init(id: ids[0]), in: "c")
        let name = Playbacks.Name(id: id.flatMap { Int($0) }.map { $0 < 3 ? ids[$0] : "other" }, url: url)
        #expect(playbacks.all(of: "c").index(of: name) == index)
    }

    @Test func whatIsNotKnownLeavesNothing() throws {
        let playbacks = playbacks()
        playbacks.report(.started, of: .init(id: "play_x", url: "https://a/b"), in: "c")
        playbacks.callEnded("c")
        let id = try #require(playbacks.begin(Self.music, in: "c")).id
        playbacks.report(.started, of: .init(id: id, url: Self.music.url), in: "d")
        #expect(playbacks.count == 1 && playbacks.all(of: "d").isEmpty)
        #expect(playbacks.all(of: "c").first?.progress.stage == .queued)
    }

    @Test func theEndOfTheCallEndsAll() throws {
        let playbacks = playbacks()
        let ids = try [Self.music, Self.notice].map { try #require(playbacks.begin($0, in: "c")).id }
        playbacks.report(.ended(.completed), of: .init(id: ids[0]), in: "c")
        playbacks.callEnded("c")
        #expect(playbacks.all(of: "c").map(\.progress.cause) == [.completed, .callEnded])
        #expect(told.take() == ["c true", "c false"])
    }

    @Test func theCurrentOneIsWhatPlaysOrComesNext() throws {
        let playbacks = playbacks()
        let ids = try [Self.music, Self.notice].map { try #require(playbacks.begin($0, in: "c")).id }
        func current() -> [Bool] {
            let all = playbacks.all(of: "c")
            return all.map { all.isCurrent($0) }
        }
        #expect(current() == [true, false])
        // The end of the first one is still on its way to us.
        playbacks.report(.started, of: .init(id: ids[1]), in: "c")
        #expect(current() == [true, true])
        playbacks.report(.ended(.completed), of: .init(id: ids[0]), in: "c")
        #expect(current() == [false, true])
    }

    @Test func aCallHasItsLimits() throws {
        let playbacks = playbacks()
        for round in 0..<50 {
            let id = try #require(playbacks.begin(Self.notice, in: "c")).id
            playbacks.report(.ended(round == 49 ? .stopped : .completed), of: .init(id: id), in: "c")
        }
        #expect(playbacks.count == Playbacks.mostEnded)
        #expect(playbacks.all(of: "c").last?.progress.cause == .stopped)
        for _ in 0..<Playbacks.mostUnderWay { #expect(playbacks.begin(Self.notice, in: "c") != nil) }
        #expect(playbacks.begin(Self.notice, in: "c") == nil)
        #expect(playbacks.begin(Self.notice, in: "d") != nil)
    }

    @Test func theOldestCallsAreForgotten() {
        let playbacks = playbacks(most: 3)
        for call in ["a", "b", "a", "c", "d"] { _ = playbacks.begin(Self.notice, in: call) }
        // "a" was used after "b".
        #expect(["a", "b", "c", "d"].map { playbacks.all(of: $0).count } == [0, 0, 1, 1])
        #expect(playbacks.count == 2)
        #expect(told.take() == ["a true", "b true", "c true", "b false", "d true", "a false"])
    }
}
