/// Processors by their numbers, as `taskset -c` takes them: "2", "0,2", "4-7", "0-3,8". Pure.
package struct ProcessorList: Equatable, Sendable {
    /// What is wrong with a text, for people.
    package struct Malformed: Error, Equatable {
        package let expectation: String
    }

    /// One for each event loop that an engine can have.
    package static let most = 64
    /// The largest number that Linux's `cpu_set_t` holds.
    package static let largest = 1_023

    /// In the order of the text, never empty.
    package let numbers: [Int]

    package init(_ text: String) throws(Malformed) {
        var numbers: [Int] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map(Self.number)
            guard let first = ends.first ?? nil, let last = ends.last ?? nil, first <= last,
                numbers.count + last - first < Self.most
            else {
                throw Malformed(
                    expectation:
                        "up to \(Self.most) numbers from 0 to \(Self.largest) and ranges of them, such as 2 or 0,4-6")
            }
            numbers += first...last
        }
        self.numbers = numbers
    }

    /// For loop `index`: the first again after the last.
    package subscript(index: Int) -> Int { numbers[index % numbers.count] }

    private static func number(_ digits: Substring) -> Int? {
        // `Int` would take a sign too.
        guard digits.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int(digits), number <= largest else {
            return nil
        }
        return number
    }
}
