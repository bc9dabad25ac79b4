import ArgumentParser
import Foundation

/// `voice-bench kernels`: the inner loops, beside what else there is.
struct KernelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kernels", abstract: "G.711, base64, messages and resampling, as tables in Markdown.",
        discussion: """
            Every figure is the quickest of several runs. Bytes: GB/s beside a copy that moves as much. Resampling: \
            rejection, ripple and delay are measured with tones and impulses in the same run, so that equals can be \
            compared. SpeexDSP and soxr are loaded when they are installed (libspeexdsp1, libsoxr0).
            """)

    @Flag(help: "Only what works on bytes.")
    var bytes = false

    @Flag(help: "Only resampling.")
    var resampling = false

    private static let rates = [
        (8_000, 16_000), (8_000, 24_000), (8_000, 48_000), (16_000, 8_000), (24_000, 8_000), (48_000, 8_000),
        (16_000, 24_000), (24_000, 16_000),
    ]

    func run() {
        if !resampling {
            for samples in [160, 16_384] {
                printBytes("\(samples) samples at a time", ByteKernels.measure(samples: samples))
            }
            printBytes("From main memory, where no cache helps", ByteKernels.g711(ByteKernels.samplesOfMemory))
        }
        if !bytes {
            for (from, to) in Self.rates { printRates(from, to) }
        }
    }

    private func printBytes(_ title: String, _ findings: [ByteKernelFinding]) {
        print("\n\(title):\n")
        print("| | ns | GB/s taken in | GB/s read and written | of a copy |\n|---|---|---|---|---|")
        for finding in findings {
            print(
                "| \(finding.name) | \(CallsReport.number(finding.nanoseconds, 0)) | "
                    + "\(CallsReport.number(finding.inputRate, 2)) | \(CallsReport.number(finding.movedRate, 2)) | "
                    + "\(CallsReport.number(finding.shareOfCopy * 100, 0)) % |")
        }
        fflush(nil)
    }

    private func printRates(_ from: Int, _ to: Int) {
        print("\n\(from / 1_000) → \(to / 1_000) kHz:\n")
        print("| | µs per 20 ms | images, aliases [dB] | of the telephone's band [dB] | ripple [dB] | delay [ms] |")
        print("|---|---|---|---|---|---|")
        for maker in RateConverters.all {
            guard let found = RateMeasurement(from: from, to: to, maker) else {
                print("| \(maker.name) | not installed | | | | |")
                continue
            }
            print(
                "| \(maker.name) | \(CallsReport.number(found.cost, 2)) | \(CallsReport.number(found.rejection, 0)) | "
                    + "\(CallsReport.number(found.rejectionInBand, 0)) | \(CallsReport.number(found.ripple, 2)) | "
                    + "\(CallsReport.number(found.delay, 1)) |")
        }
        fflush(nil)
    }
}
