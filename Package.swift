// swift-tools-version: 6.2
import PackageDescription

// Each layer is a target of its own, so that the compiler holds the direction of the dependencies:
// ABI, Engine > Session > Providers, Local, Carrier > Net, Media, Threads > Core.
let strict: [SwiftSetting] = [.swiftLanguageMode(.v6), .enableUpcomingFeature("InternalImportsByDefault")]

/// - Parameter fast: Optimised also for debugging: sample by sample, unoptimised code is fifty times slower, and the tests
///   work through hours of audio.
func layer(_ name: String, _ dependencies: [Target.Dependency], fast: Bool = false) -> Target {
    .target(
        name: "VoiceEngine\(name)", dependencies: dependencies, path: "Sources/VoiceEngine/\(name)",
        swiftSettings: strict + (fast ? [.unsafeFlags(["-O"], .when(configuration: .debug))] : []))
}

/// The tests of a target, in `Tests/<target>Tests`.
func tests(_ target: String, _ others: [Target.Dependency]) -> Target {
    .testTarget(
        name: "\(target)Tests", dependencies: [.byName(name: target)] + others, swiftSettings: strict)
}

func nio(_ name: String) -> Target.Dependency { .product(name: name, package: "swift-nio") }

let package = Package(
    name: "voiceengine",
    products: [
        .library(name: "voiceengine", type: .dynamic, targets: ["VoiceEngine"]),
        .executable(name: "voice-lab", targets: ["VoiceLab"]),
        .executable(name: "voice-bench", targets: ["VoiceBench"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    ],
    targets: [
        // C: the public header, kernels for several processors, and what the engine takes from the system.
        .target(name: "CVoiceEngine"),
        .target(name: "CG711", cSettings: [.unsafeFlags(["-O2"], .when(configuration: .debug))]),
        .target(name: "CLocalModels"),
        .systemLibrary(name: "CLinux", path: "Sources/CSystem/CLinux"),
        .systemLibrary(name: "COpenSSL", path: "Sources/CSystem/COpenSSL", pkgConfig: "openssl"),
        .systemLibrary(name: "COpus", path: "Sources/CSystem/COpus", pkgConfig: "opus"),
        .systemLibrary(name: "CSampleRate", path: "Sources/CSystem/CSampleRate", pkgConfig: "samplerate"),

        // The engine, from the inside out.
        layer("Core", ["CG711", .product(name: "DequeModule", package: "swift-collections")], fast: true),
        layer("Threads", ["VoiceEngineCore"]),
        layer("Media", ["VoiceEngineCore", "COpus", "CSampleRate"], fast: true),
        layer(
            "Net",
            ["VoiceEngineCore", "CLinux", "COpenSSL", nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1")]),
        layer("Providers", ["VoiceEngineCore", "VoiceEngineMedia", "VoiceEngineNet", nio("NIOCore")]),
        layer(
            "Local",
            [
                "VoiceEngineCore", "VoiceEngineThreads", "VoiceEngineMedia", "VoiceEngineProviders", "CLocalModels",
                nio("NIOCore"),
            ]),
        layer("Session", ["VoiceEngineCore", "VoiceEngineMedia", "VoiceEngineProviders", nio("NIOCore")]),
        .target(
            name: "VoiceEngineCarrier",
            dependencies: [
                "VoiceEngineCarrierPage", "VoiceEngineCore", "VoiceEngineMedia", "VoiceEngineNet", "VoiceEngineSession",
                "COpenSSL", nio("NIOCore"),
            ],
            path: "Sources/VoiceEngine/Carrier", exclude: ["Browser/page"], swiftSettings: strict),
        // The page that the server shows to a browser.
        .target(
            name: "VoiceEngineCarrierPage", path: "Sources/VoiceEngine/Carrier/Browser/page",
            resources: [
                .embedInCode("index.html"), .embedInCode("page.css"), .embedInCode("page.js"),
                .embedInCode("conversation.js"), .embedInCode("audio.js"), .embedInCode("icon.svg"),
            ],
            swiftSettings: strict),
        .target(
            name: "VoiceEngine",
            dependencies: [
                "CVoiceEngine", "CLinux", .product(name: "DequeModule", package: "swift-collections"),
                "VoiceEngineCore", "VoiceEngineThreads", "VoiceEngineMedia", "VoiceEngineNet", "VoiceEngineProviders",
                "VoiceEngineLocal", "VoiceEngineSession", "VoiceEngineCarrier", nio("NIOCore"), nio("NIOPosix"),
            ],
            path: "Sources/VoiceEngine",
            exclude: ["Core", "Threads", "Media", "Net", "Providers", "Local", "Session", "Carrier"],
            sources: ["Engine", "ABI"], swiftSettings: strict,
            linkerSettings: [
                .unsafeFlags([
                    "-Xlinker", "-soname=libvoiceengine.so.1",
                    "-Xlinker", "--version-script=Sources/CVoiceEngine/exports.map",
                    "-Xlinker", "-z", "-Xlinker", "nodelete",
                ])
            ]),

        // The laboratory: a simulated carrier, scripted providers, the load benchmark. Never part of the library.
        .executableTarget(
            name: "VoiceLab",
            dependencies: [
                "COpenSSL", nio("NIOCore"), nio("NIOPosix"),
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),

        // Measures the engine from within: what has no wire. Never part of the library.
        .executableTarget(
            name: "VoiceBench",
            dependencies: [
                "CVoiceEngine", "CVoiceBench", "CLinux", "CAllocationCounter", "VoiceEngine", "VoiceBenchScript",
                "VoiceEngineCore", "VoiceEngineThreads", "VoiceEngineMedia", "VoiceEngineNet", "VoiceEngineProviders",
                "VoiceEngineSession", "VoiceEngineCarrier", nio("NIOCore"), nio("NIOEmbedded"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            exclude: ["Script"], swiftSettings: strict),
        .target(name: "CVoiceBench", linkerSettings: [.linkedLibrary("dl")]),
        // The other side of a call, in process: a caller and providers. Apart, so that tests can have it without the engine.
        .target(
            name: "VoiceBenchScript",
            dependencies: ["VoiceEngineCore", "VoiceEngineProviders", "VoiceEngineSession", nio("NIOCore")],
            path: "Sources/VoiceBench/Script", swiftSettings: strict),

        // Tests, in the order of the layers.
        .target(name: "CAllocationCounter", path: "Tests/CAllocationCounter"),
        .target(name: "VoiceEngineTestSupport", path: "Tests/VoiceEngineTestSupport", swiftSettings: strict),
        .target(
            name: "VoiceEngineNetSupport", dependencies: ["VoiceEngineNet", nio("NIOCore"), nio("NIOEmbedded")],
            path: "Tests/VoiceEngineNetSupport", swiftSettings: strict),
        tests("VoiceEngineCore", ["VoiceEngineTestSupport", "CAllocationCounter"]),
        tests("VoiceEngineMedia", ["VoiceEngineTestSupport", "VoiceEngineCore", "COpus", "CAllocationCounter"]),
        tests(
            "VoiceEngineNet",
            ["VoiceEngineNetSupport", nio("NIOCore"), nio("NIOEmbedded"), nio("NIOHTTP1"), nio("NIOPosix")]),
        tests(
            "VoiceEngineProviders",
            [
                "VoiceEngineTestSupport", "VoiceEngineCore", "VoiceEngineNet", "VoiceEngineNetSupport", nio("NIOCore"),
                nio("NIOEmbedded"), nio("NIOPosix"),
            ]),
        tests(
            "VoiceEngineLocal", ["VoiceEngineCore", "VoiceEngineProviders", nio("NIOCore"), nio("NIOEmbedded")]),
        tests(
            "VoiceEngineCarrier",
            [
                "VoiceEngineTestSupport", "VoiceEngineCore", "VoiceEngineMedia", "VoiceEngineNet",
                "VoiceEngineNetSupport", "VoiceEngineProviders", "VoiceEngineSession", "CAllocationCounter",
                "VoiceLab", nio("NIOCore"), nio("NIOEmbedded"), nio("NIOPosix"),
            ]),
        .testTarget(
            name: "ConversationTests",
            dependencies: [
                "VoiceEngineTestSupport", "VoiceEngineSession", "VoiceEngineCore", "VoiceEngineProviders",
                "VoiceEngineMedia", "VoiceEngineNet", "VoiceEngineNetSupport", "VoiceEngineLocal", nio("NIOCore"),
                nio("NIOEmbedded"),
            ],
            path: "Tests/Conversations", swiftSettings: strict),
        tests("VoiceLab", ["VoiceEngineTestSupport", nio("NIOCore"), nio("NIOEmbedded")]),
        .testTarget(
            name: "VoiceBenchTests",
            dependencies: [
                "VoiceBenchScript", "VoiceEngineCore", "VoiceEngineProviders", nio("NIOCore"), nio("NIOEmbedded"),
            ],
            path: "Tests/VoiceBenchTests", swiftSettings: strict),
    ]
)
