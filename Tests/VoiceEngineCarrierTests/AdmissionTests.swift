import NIOCore
import NIOEmbedded
import Testing
import VoiceEngineCore
@testable import VoiceEngineNet
import VoiceEngineSession

@testable import VoiceEngineCarrier

@Suite struct TokenBucketTests {
    private func at(_ milliseconds: Int64) -> Instant { .zero + .milliseconds(milliseconds) }

    @Test func aBurstIsTakenThenTheAverage() {
        var bucket = TokenBucket(rate: 2, size: 3)
        #expect((0..<3).allSatisfy { _ in bucket.take(at: at(1_000)) == nil })
        #expect(bucket.take(at: at(1_000)) == .milliseconds(500))
        #expect(bucket.take(at: at(1_250)) == .milliseconds(250))
        #expect(bucket.take(at: at(1_500)) == nil)
        #expect(bucket.take(at: at(1_500)) == .milliseconds(500))
        // A long pause fills it, no more.
        #expect((0..<3).allSatisfy { _ in bucket.take(at: at(99_000)) == nil })
        #expect(bucket.take(at: at(99_000)) != nil)
    }

    @Test func aClockThatGoesBackFillsNothing() {
        var bucket = TokenBucket(rate: 1, size: 1)
        #expect(bucket.take(at: at(5_000)) == nil)
        #expect(bucket.take(at: at(1_000)) == .milliseconds(1_000))
    }
}

@Suite struct LatenessWindowTests {
    /// Buckets up to 10, 20, 50 ms and beyond.
    private func sample(_ counts: [Int]) -> TickLateness { TickLateness(bounds: [0.01, 0.02, 0.05], counts: counts) }

    @Test func nothingTicksNothingIsLate() {
        var window = LatenessWindow(interval: .milliseconds(10))
        #expect(window.add(sample([0, 0, 0, 0])) == .zero)
        #expect(window.add(sample([0, 0, 0, 0])) == .zero)
    }

    @Test func onlyTheLastMomentsCount() {
        var window = LatenessWindow(interval: .milliseconds(10))
        _ = window.add(sample([1_000, 0, 500, 0]))
        #expect(window.add(sample([1_100, 0, 500, 0])) == .milliseconds(10))
        #expect(window.add(sample([1_200, 0, 600, 0])) == .milliseconds(50))
        #expect(window.add(sample([1_300, 0, 600, 0])) == .milliseconds(10))
    }

    @Test func aLateTickStandsForThoseThatItSkipped() {
        var window = LatenessWindow(interval: .milliseconds(10))
        _ = window.add(sample([0, 0, 0, 0]))
        // One tick of two hundred, but it skipped five: 6 of 205 frames.
        #expect(window.add(sample([199, 0, 0, 1])) == .milliseconds(50))
        // One of two hundred that skipped one: 2 of 201 frames, less than a hundredth.
        var other = LatenessWindow(interval: .milliseconds(10))
        _ = other.add(sample([0, 0, 0, 0]))
        #expect(other.add(sample([199, 1, 0, 0])) == .milliseconds(10))
    }

    @Test func otherBucketsBeginAnew() {
        var window = LatenessWindow(interval: .milliseconds(10))
        _ = window.add(sample([0, 0, 0, 0]))
        #expect(window.add(TickLateness(bounds: [0.1], counts: [5, 5])) == .zero)
    }
}

@Suite struct AdmissionStateMachineTests {
    private typealias Machine = AdmissionStateMachine

    private func at(_ milliseconds: Int64) -> Instant { .zero + .milliseconds(milliseconds) }

    private func machine(
        most: Int = 10, rate: (Double, Int)? = nil, late: Int64 = 40
    ) -> Machine {
        Machine(most: most, rate: rate.map { (perSecond: $0.0, burst: $0.1) }, late: .milliseconds(late))
    }

    @Test func aFullServerTakesNoMore() {
        var admission = machine(most: 2)
        #expect(admission.announced(live: 1, at: at(0)) == .take)
        // The announced call has a place, so that it is not promised twice.
        #expect(admission.announced(live: 1, at: at(1)) == .refuse(.calls, retryAfter: .zero))
        #expect(admission.arrived(live: 1, at: at(2)) == .take)
        #expect(admission.arrived(live: 2, at: at(3)) == .refuse(.calls, retryAfter: .zero))
        #expect(admission.announced(live: 1, at: at(4)) == .take)
    }

    @Test func aPlaceIsKeptForAMoment() {
        var admission = machine(most: 1)
        #expect(admission.announced(live: 0, at: at(0)) == .take)
        #expect(admission.announced(live: 0, at: at(14_999)) == .refuse(.calls, retryAfter: .zero))
        #expect(admission.announced(live: 0, at: at(15_000)) == .take)
    }

    @Test func anAnnouncedCallIsCountedOnce() {
        var admission = machine(rate: (1, 1))
        #expect(admission.announced(live: 0, at: at(0)) == .take)
        #expect(admission.arrived(live: 0, at: at(10)) == .take)
        #expect(admission.arrived(live: 1, at: at(20)) == .refuse(.rate, retryAfter: .milliseconds(980)))
        #expect(admission.arrived(live: 1, at: at(1_000)) == .take)
    }

    @Test func lateFramesCloseTheDoorAndCalmOpensIt() {
        var admission = machine()
        #expect(admission.observed(.milliseconds(41), at: at(-2_000)) == .none)
        #expect(admission.observed(.milliseconds(40), at: at(-1_500)) == .none)
        #expect(admission.observed(.milliseconds(41), at: at(-1_000)) == .none)
        #expect(admission.observed(.milliseconds(90), at: at(-500)) == .none)
        #expect(!admission.isLate)
        #expect(admission.observed(.milliseconds(41), at: at(0)) == .began)
        #expect(admission.isLate)
        #expect(admission.announced(live: 1, at: at(600)) == .refuse(.lateness, retryAfter: Machine.calm))
        // Between half and the whole nothing changes; calm counts from its first moment.
        #expect(admission.observed(.milliseconds(21), at: at(1_000)) == .none)
        #expect(admission.observed(.milliseconds(20), at: at(1_500)) == .none)
        #expect(admission.observed(.milliseconds(30), at: at(2_000)) == .none)
        #expect(admission.observed(.milliseconds(5), at: at(2_500)) == .none)
        #expect(admission.observed(.milliseconds(5), at: at(5_000)) == .none)
        #expect(admission.arrived(live: 1, at: at(5_400)) == .refuse(.lateness, retryAfter: Machine.calm))
        #expect(admission.observed(.milliseconds(5), at: at(5_500)) == .ended)
        #expect(admission.arrived(live: 1, at: at(5_600)) == .take)
    }

    @Test func anAnnouncedCallComesInSpiteOfLateFrames() {
        var admission = machine()
        #expect(admission.announced(live: 1, at: at(0)) == .take)
        #expect(admission.observed(.milliseconds(99), at: at(100)) == .none)
        #expect(admission.observed(.milliseconds(99), at: at(1_100)) == .began)
        #expect(admission.arrived(live: 1, at: at(1_200)) == .take)
        #expect(admission.arrived(live: 2, at: at(1_300)) == .refuse(.lateness, retryAfter: Machine.calm))
    }

    @Test func latenessMayBeIgnored() {
        var admission = machine(late: 0)
        #expect(admission.observed(.milliseconds(5_000), at: at(0)) == .none)
        #expect(admission.announced(live: 0, at: at(1)) == .take)
    }

    @Test func adrainingServerTakesNothing() {
        var admission = machine()
        #expect(admission.announced(live: 0, at: at(0)) == .take)
        admission.drain()
        #expect(admission.announced(live: 0, at: at(1)) == .refuse(.draining, retryAfter: .zero))
        #expect(admission.arrived(live: 0, at: at(2)) == .refuse(.draining, retryAfter: .zero))
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func thereAreNeverMoreCallsThanThereMayBe(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var admission = machine(most: 5, rate: (20, 4))
        var (live, taken, now) = (0, 0, Int64(0))
        for _ in 0..<20_000 {
            now += Int64.random(in: 0...100, using: &random)
            switch Int.random(in: 0...3, using: &random) {
            case 0: _ = admission.announced(live: live, at: at(now))
            case 1:
                if admission.arrived(live: live, at: at(now)) == .take {
                    live += 1
                    taken += 1
                }
            case 2: live = max(0, live - 1)
            default:
                let isLate = now / 20_000 % 5 == 4
                _ = admission.observed(.milliseconds(isLate ? 60 : 10), at: at(now))
            }
            #expect(live <= 5)
        }
        // 20 a second and a burst, announced calls that came later included.
        #expect(taken > 100 && Double(taken) <= Double(now) / 1_000 * 20 + 10)
    }
}

@Suite struct RefusalTests {
    private final class Nothing: CarrierCall {
        func endByServer(reason: String) {}
    }

    @Test func callsAreCountedByTheirRefusal() throws {
        let loop = EmbeddedEventLoop()
        var admission = ServerDocument(environment: { _ in nil }).admission
        admission.callsPerSecond = 1
        admission.burst = 1
        let calls = CarrierCalls(most: 1, admission: admission) { .zero }
        let call = Nothing()
        try calls.add(call, on: loop)
        #expect { try calls.admit() } throws: { ($0 as? CallRefusal)?.kind == .full }
        calls.remove(call)
        #expect { try calls.admit() } throws: { ($0 as? CallRefusal)?.retry == .tooFast(.seconds(1)) }
        #expect(calls.observe(.milliseconds(500), at: .zero) == .none)
        #expect(calls.observe(.milliseconds(500), at: .zero + .seconds(1)) == .began)
        #expect { try calls.admit() } throws: { ($0 as? CallRefusal)?.retry == .after(.seconds(3)) }
        calls.startDraining()
        #expect { try calls.admit() } throws: { ($0 as? CallRefusal)?.kind == .draining }
        var page = PrometheusPage()
        calls.write(to: &page)
        for reason in ["calls", "rate", "lateness", "draining"] {
            #expect(page.text.contains("voice_engine_server_calls_refused_total{reason=\"\(reason)\"} 1\n"))
        }
        #expect(page.text.contains("voice_engine_server_overloaded 1\n"))
        #expect(page.text.contains("voice_engine_server_frame_lateness_p99_seconds 0.5\n"))
    }

    @Test(
        arguments: [
            (CallRefusal(.full, "x"), 503, nil), (CallRefusal(.draining, "x"), 503, nil),
            (CallRefusal(.full, "x", retry: .after(.milliseconds(2_100))), 503, "3"),
            (CallRefusal(.full, "x", retry: .tooFast(.milliseconds(10))), 429, "1"),
            (CallRefusal(.unknownAgent, "x"), 404, nil), (CallRefusal(.badRequest, "x"), 400, nil),
            (CallRefusal(.failed, "x"), 503, nil),
        ] as [(CallRefusal, Int, String?)])
    func refusalsAreAnswersWithTheTimeToComeAgain(refusal: CallRefusal, status: Int, after: String?) {
        #expect(refusal.httpStatus == status)
        #expect(refusal.httpHeaders == (after.map { [.init("Retry-After", $0)] } ?? []))
    }
}

@Suite struct ServerSeatsTests {
    private func seats(_ change: (inout ServerLimits) -> Void) -> ServerSeats {
        var limits = ServerLimits()
        limits.connections = 6
        limits.waitingConnections = 4
        limits.connectionsPerAddress = 3
        limits.waitingPerAddress = 2
        change(&limits)
        return ServerSeats(limits: limits)
    }

    @Test func oneAddressLeavesRoomForOthers() {
        var seats = seats { _ in }
        let (a, b) = (seats.origin(of: "10.0.0.1"), seats.origin(of: "10.0.0.2"))
        #expect(seats.take(a, isWaiting: true) == nil)
        #expect(seats.take(a, isWaiting: true) == nil)
        #expect(seats.take(a, isWaiting: true) == .waitingAddress)
        seats.upgraded(a)
        #expect(seats.take(a, isWaiting: true) == nil)
        seats.upgraded(a)
        #expect(seats.take(a, isWaiting: true) == .address)
        #expect(seats.take(b, isWaiting: true) == nil)
        #expect(seats.total == .init(all: 4, waiting: 2))
    }

    @Test func slowClientsDoNotTakeThePlacesOfCalls() {
        var seats = seats { _ in }
        for index in 0..<4 { #expect(seats.take([UInt8(index)], isWaiting: true) == nil) }
        #expect(seats.take([9], isWaiting: true) == .waiting)
        #expect(seats.take([9], isWaiting: false) == nil)
        seats.upgraded([0])
        #expect(seats.take([9], isWaiting: true) == nil)
        #expect(seats.take([9], isWaiting: true) == .connections)
    }

    @Test func proxiesAreNotCountedByAddress() {
        var seats = seats { _ in }
        #expect(seats.origin(of: "127.0.0.1") == nil)
        #expect(seats.origin(of: nil) == nil)
        for _ in 0..<4 { #expect(seats.take(nil, isWaiting: true) == nil) }
        #expect(seats.originCount == 0)
    }

    @Test func anIPv6CustomerIsOneAddress() {
        let seats = seats { _ in }
        #expect(seats.origin(of: "2001:db8:1:2::1") == seats.origin(of: "2001:db8:1:2:ffff::9"))
        #expect(seats.origin(of: "2001:db8:1:2::1") != seats.origin(of: "2001:db8:1:3::1"))
        #expect(seats.origin(of: "::ffff:10.0.0.1") == seats.origin(of: "10.0.0.1"))
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func everythingThatSatDownGetsUp(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var seats = seats { _ in }
        var sitting: [(origin: ServerSeats.Origin?, isWaiting: Bool)] = []
        for _ in 0..<5_000 {
            switch Int.random(in: 0...2, using: &random) {
            case 0:
                let origin: ServerSeats.Origin? =
                    Bool.random(using: &random) ? [.random(in: 0...3, using: &random)] : nil
                let isWaiting = Bool.random(using: &random)
                if seats.take(origin, isWaiting: isWaiting) == nil { sitting.append((origin, isWaiting)) }
            case 1:
                guard let index = sitting.firstIndex(where: \.isWaiting) else { continue }
                seats.upgraded(sitting[index].origin)
                sitting[index].isWaiting = false
            default:
                guard !sitting.isEmpty else { continue }
                let gone = sitting.remove(at: .random(in: 0..<sitting.count, using: &random))
                seats.leave(gone.origin, wasWaiting: gone.isWaiting)
            }
            #expect(seats.total == .init(all: sitting.count, waiting: sitting.count(where: \.isWaiting)))
        }
        for gone in sitting { seats.leave(gone.origin, wasWaiting: gone.isWaiting) }
        #expect(seats.total == .init() && seats.originCount == 0)
    }
}
