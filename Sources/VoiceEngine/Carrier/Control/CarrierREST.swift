internal import NIOCore
internal import VoiceEngineCore
internal import VoiceEngineNet

/// What a carrier's REST API answered.
struct RESTAnswer: Equatable, Sendable {
    let status: Int
    let body: [UInt8]

    var isGood: Bool { (200..<300).contains(status) }
    /// nil where there is none, or it is no JSON.
    var json: JSONValue? { try? JSONValue.parse(body, limits: JSONLimits(depth: 32, size: RESTExchange.largestAnswer)) }
}

/// Sends requests to a carrier's REST API over the engine's network, with bounded retries. Safe to use from any thread.
struct CarrierREST: Sendable {
    let network: NetworkClient
    /// 0..<1, for the waits between attempts.
    var random: @Sendable () -> Double = { .random(in: 0..<1) }

    /// - Parameter purpose: What it is for, such as "place a call": begins every error text.
    /// - Returns: An answer of any status; fails with `CallControlError` when there is none.
    func send(
        _ request: HTTPRequest, _ purpose: String, _ repetition: RESTAttempts.Repetition, on eventLoop: any EventLoop
    ) -> EventLoopFuture<RESTAnswer> {
        let promise = eventLoop.makePromise(of: RESTAnswer.self)
        eventLoop.execute {
            RESTExchange(request, purpose, repetition, rest: self, promise: promise).start()
        }
        return promise.futureResult
    }
}

/// One request, its attempts and its answer. It keeps itself alive until it is over.
///
/// - Important: Confined to the loop of its promise.
final class RESTExchange {
    private enum State {
        case asking
        case answering(HTTPAnswer, [UInt8])
        case waiting
        case over
    }

    private let request: HTTPRequest
    private let purpose: String
    private let rest: CarrierREST
    private let promise: EventLoopPromise<RESTAnswer>
    private let eventLoop: any EventLoop
    private var attempts: RESTAttempts
    private var state = State.waiting
    private var stream: HTTPStream?

    /// [bytes]
    static let largestAnswer = 256 << 10
    static let timeouts = RequestTimeouts(connect: .seconds(3), firstByte: .seconds(10), idle: .seconds(5))

    init(
        _ request: HTTPRequest, _ purpose: String, _ repetition: RESTAttempts.Repetition, rest: CarrierREST,
        promise: EventLoopPromise<RESTAnswer>
    ) {
        var request = request
        // A connection that the carrier is just closing must not leave it open whether the call was placed.
        request.isSentOnce = repetition == .onlyOnce
        self.request = request
        self.purpose = purpose
        self.rest = rest
        self.promise = promise
        eventLoop = promise.futureResult.eventLoop
        attempts = RESTAttempts(repetition)
    }

    func start() {
        state = .asking
        stream = rest.network.send(request, on: eventLoop, timeouts: Self.timeouts) { self.received($0) }
    }

    private func received(_ event: HTTPStream.Event) {
        switch (event, state) {
        case (.head(let head), .asking): state = .answering(head, [])
        case (.body(let bytes), .answering(let head, var body)):
            state = .waiting
            body += bytes.readableBytesView
            guard body.count <= Self.largestAnswer else {
                stream?.cancel()
                return fail(.tooLarge(Self.largestAnswer))
            }
            state = .answering(head, body)
        case (.end, .answering(let head, let body)): answered(head, body)
        case (.failed(let error), .asking), (.failed(let error), .answering):
            perform(attempts.failed(error, random: rest.random()), nil)
        case (.head, .answering), (.body, .asking), (.end, .asking), (_, .waiting), (_, .over): break
        }
    }

    private func answered(_ head: HTTPAnswer, _ body: [UInt8]) {
        let retryAfter = RetryAfter.wait(status: head.status) { head.headers[$0] }
        let action = attempts.answered(status: head.status, retryAfter: retryAfter, random: rest.random())
        perform(action, RESTAnswer(status: head.status, body: body))
    }

    private func perform(_ action: RESTAttempts.Action, _ answer: RESTAnswer?) {
        stream = nil
        switch action {
        case .deliver:
            state = .over
            if let answer { promise.succeed(answer) }
        case .retry(let wait):
            state = .waiting
            eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(wait.rawValue)) { self.start() }
        case .fail(let error): fail(error)
        }
    }

    private func fail(_ error: NetworkError) {
        state = .over
        promise.fail(CallControlError(description: "\(purpose): \(request.url.host): \(error)"))
    }
}
