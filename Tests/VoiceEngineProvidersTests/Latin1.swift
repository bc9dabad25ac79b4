extension String {
    /// Each byte as the character of the same number, so that nothing of a binary body is lost.
    init(latin1 bytes: [UInt8]) {
        self.init(UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
    }
}
