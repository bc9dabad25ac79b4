import NIOCore
import NIOPosix
import Testing

@testable import VoiceEngineNet

@Suite(.serialized, .timeLimit(.minutes(5))) struct ReadRoundsSocketTests {
    /// Hands on to the pipeline what a round hands to it.
    private final class Reader: RoundReader {
        private let channel: any Channel
        private(set) var reads = 0

        init(_ channel: any Channel) { self.channel = channel }

        func read(_ bytes: ByteBuffer) {
            reads += 1
            channel.pipeline.fireChannelRead(bytes)
            channel.pipeline.fireChannelReadComplete()
        }
    }

    /// Lines on one loop that may be read in rounds, every second one by a reader of its own.
    private final class Office {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop: any EventLoop
        private let rounds: NIOLoopBoundBox<ReadRounds>
        private(set) var lines: [SocketLine] = []
        private var places: [ReadRounds.Place] = []
        private var readers: [NIOLoopBound<Reader>] = []

        init() {
            loop = group.next()
            rounds = .makeBoxSendingValue(ReadRounds(eventLoop: loop), eventLoop: loop)
        }

        @discardableResult
        func open(_ count: Int = 1, overTCP: Bool = false) async throws -> SocketLine {
            for _ in 0..<count {
                let line = try await SocketLine.open(on: loop, overTCP: overTCP)
                lines.append(line)
                let isRead = lines.count % 2 == 0
                let (place, reader) = try await loop.submit { [rounds] in
                    let reader = NIOLoopBound(Reader(line.channel), eventLoop: line.channel.eventLoop)
                    return (rounds.value.join(line.channel, for: isRead ? reader.value : nil), reader)
                }.get()
                places.append(place)
                if isRead { readers.append(reader) }
            }
            return try #require(lines.last)
        }

        func leave(_ index: Int) async throws {
            let place = places[index]
            try await loop.submit { [rounds] in rounds.value.leave(place) }.get()
        }

        /// On the loop: all leave and join again.
        func reform() -> @Sendable () -> Void {
            let (rounds, channels, places) = (rounds, lines.map(\.channel), places)
            return {
                for place in places { rounds.value.leave(place) }
                for channel in channels { _ = rounds.value.join(channel) }
            }
        }

        /// How often each reader was called.
        func reads() async throws -> [Int] { try await loop.submit { [readers] in readers.map(\.value.reads) }.get() }

        func areHeld() async throws -> Bool { try await loop.submit { [rounds] in rounds.value.areHeld }.get() }

        func close() async throws {
            for line in lines { line.hangUp() }
            for index in lines.indices { try await leave(index) }
            for line in lines { try? await line.channel.close().get() }
            try await group.shutdownGracefully()
        }
    }

    private func text(_ number: Int) -> [UInt8] { Array("line \(number)".utf8) }

    @Test func manySocketsAreReadInRoundsUntilFewAreLeft() async throws {
        let office = Office()
        try await office.open(ReadRounds.fewest - 1)
        #expect(try await !office.areHeld())
        let early = text(99)
        office.lines[0].say(early)
        #expect(try await office.lines[0].heard(early.count) == early)
        try await office.open()
        #expect(try await office.areHeld())
        // Every one, whether it joined before the rounds or with them; and so in the next ones.
        for turn in 1...3 {
            for (number, line) in office.lines.enumerated() { line.say(text(number)) }
            for (number, line) in office.lines.enumerated() {
                let expected = (number == 0 ? early : []) + (0..<turn).flatMap { _ in text(number) }
                #expect(try await line.heard(expected.count) == expected)
            }
        }
        #expect(try await office.reads().allSatisfy { $0 >= 3 })
        let kept = ReadRounds.fewest / 2
        for index in kept..<office.lines.count { try await office.leave(index) }
        #expect(try await office.areHeld(), "half of them are left")
        try await office.leave(kept - 1)
        #expect(try await !office.areHeld())
        for line in office.lines {
            let before = line.heard.count
            line.say([1, 2, 3])
            #expect(try await line.heard(before + 3).suffix(3) == [1, 2, 3], "also those that have left")
        }
        try await office.close()
    }

    @Test func nothingIsLostOrOutOfOrder() async throws {
        let office = Office()
        try await office.open(ReadRounds.fewest)
        // Far more than one round takes of a socket, from two of them at once.
        let much = (0..<400_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
        for start in stride(from: 0, to: much.count, by: 50_000) {
            for line in office.lines.prefix(2) { line.say(Array(much[start..<start + 50_000])) }
        }
        for line in office.lines.prefix(2) { #expect(try await line.heard(much.count) == much) }
        try await office.close()
    }

    @Test func theEndOfAConnectionIsToldOnceAndAfterItsLastWords() async throws {
        let office = Office()
        try await office.open(ReadRounds.fewest + 4)
        for index in 0..<3 {
            office.lines[index].say(text(index))
            office.lines[index].hangUp()
        }
        for index in 0..<3 {
            try await office.lines[index].end()
            #expect(office.lines[index].heard == text(index))
            #expect(office.lines[index].ends == 1)
            // As its owner does who is told so.
            try await office.leave(index)
            try await office.leave(index)
        }
        // The next ones get the descriptors that were closed.
        for index in 0..<3 {
            let line = try await office.open()
            line.say(text(100 + index))
            #expect(try await line.heard(text(100 + index).count) == text(100 + index))
        }
        #expect(try await office.areHeld())
        try await office.close()
    }

    @Test func aConnectionThatBreaksOffEndsAndTheOthersGoOn() async throws {
        let office = Office()
        try await office.open(ReadRounds.fewest + 8, overTCP: true)
        // Some of them with words that nobody has read yet, and while everybody speaks.
        for turn in 1...4 {
            for line in office.lines { line.say([UInt8(turn)]) }
            let (breaking, staying) = (office.lines[turn - 1], office.lines[turn...])
            breaking.breakOff()
            try await breaking.end()
            #expect(breaking.ends == 1)
            try await office.leave(turn - 1)
            for line in staying { #expect(try await line.heard(turn) == (1...turn).map { UInt8($0) }) }
        }
        #expect(try await office.areHeld())
        try await office.close()
    }

    @Test func aChannelMayEndAnotherInsideARound() async throws {
        let office = Office()
        try await office.open(ReadRounds.fewest + 1)
        let victims = [office.lines[3].channel, office.lines[5].channel]
        for index in office.lines.indices where index != 3 && index != 5 {
            office.lines[index].onRead { for channel in victims { channel.close(promise: nil) } }
        }
        for line in office.lines { line.say([7]) }
        for (index, line) in office.lines.enumerated() {
            if index == 3 || index == 5 {
                try await line.end()
            } else {
                #expect(try await line.heard(1) == [7])
            }
        }
        for line in office.lines { line.onRead(nil) }
        #expect(office.lines[3].ends == 1 && office.lines[5].ends == 1)
        for (index, line) in office.lines.enumerated() where index != 3 && index != 5 {
            line.say([8])
            #expect(try await line.heard(2) == [7, 8])
        }
        try await office.close()
    }

    /// More than the system tells at once.
    @Test func aRoundOfVeryManyComesToAnEnd() async throws {
        let office = Office()
        try await office.open(200)
        for turn in 1...5 {
            for line in office.lines { line.say([UInt8(turn)]) }
            for line in office.lines { #expect(try await line.heard(turn) == (1...turn).map { UInt8($0) }) }
        }
        try await office.close()
    }

    @Test func allMayLeaveAndJoinInsideARound() async throws {
        let office = Office()
        try await office.open(ReadRounds.fewest * 2)
        let reform = office.reform()
        office.lines[7].onRead { reform() }
        for turn in 1...3 {
            for line in office.lines { line.say([UInt8(turn)]) }
            for line in office.lines { #expect(try await line.heard(turn) == (1...turn).map { UInt8($0) }) }
        }
        #expect(try await office.areHeld())
        office.lines[7].onRead(nil)
        try await office.close()
    }

    @Test func everybodyMayLeaveInsideARound() async throws {
        let office = Office()
        try await office.open(ReadRounds.fewest)
        let all = office.lines.map(\.channel)
        office.lines[0].onRead { for channel in all { channel.close(promise: nil) } }
        for line in office.lines { line.say([7]) }
        for line in office.lines { try await line.end() }
        try await office.close()
    }
}
