/// The course of a call: stations with their own instructions, and the ways between them.
package struct FlowPlan: Equatable, Sendable {
    package let start: String
    package let nodes: [FlowNode]

    package init(start: String, nodes: [FlowNode]) {
        self.start = start
        self.nodes = nodes
    }

    package subscript(name: String) -> FlowNode? { nodes.first { $0.name == name } }
}

/// One station of a call.
package struct FlowNode: Equatable, Sendable {
    /// What follows when all that the agent says here has been heard.
    package enum Ending: Equatable, Sendable {
        case listen, hangUp
        case transfer(to: String)
    }

    package var name: String
    /// Instructions in addition to the agent's own.
    package var prompt: String?
    /// Who speaks here; nil: the agent's own voice.
    package var voice: String?
    /// Names of the tools that are offered here; nil: all.
    package var tools: [String]?
    /// Said on arrival; nil: the model is asked.
    package var say: String?
    package var isInterruptible: Bool
    package var transitions: [FlowTransition]
    package var ending: Ending

    package init(
        name: String, prompt: String? = nil, voice: String? = nil, tools: [String]? = nil, say: String? = nil,
        isInterruptible: Bool = true, transitions: [FlowTransition] = [], ending: Ending = .listen
    ) {
        self.name = name
        self.prompt = prompt
        self.voice = voice
        self.tools = tools
        self.say = say
        self.isInterruptible = isInterruptible
        self.transitions = transitions
        self.ending = ending
    }
}

/// A way to another station.
package struct FlowTransition: Equatable, Sendable {
    package enum Trigger: Equatable, Sendable {
        /// The model finds that this is so.
        case condition(String)
        /// A tool of this name has done its work.
        case tool(String)
    }

    /// What the names of the functions begin with by which the model chooses a way.
    package static let functionPrefix = "go_to_"

    package var to: String
    package var trigger: Trigger

    package init(to: String, _ trigger: Trigger) {
        self.to = to
        self.trigger = trigger
    }

    /// The function that the model calls to go this way.
    package var function: String { Self.functionPrefix + to }
}
