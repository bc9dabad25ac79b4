"""Holds the schemas of docs/ against the documents that the engine's own readers are tested with.

good/ and bad/ have agents, server/ has settings of servers. Each file in good/ is a document. Each file in bad/ has the document and the path of the key that the reader names;
`beyond_schema` marks what JSON Schema cannot express.
"""

import json
import unittest
from pathlib import Path

import jsonschema

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def load(path: Path) -> object:
    return json.loads(path.read_text(encoding="utf-8"))


class AgentSchemaTest(unittest.TestCase):
    SCHEMA = "agent.schema.json"
    FOLDER = HERE
    EXAMPLES = "examples/agents/*.json"
    LEAST_GOOD, LEAST_BAD = 8, 50

    @classmethod
    def setUpClass(cls) -> None:
        cls.schema = load(ROOT / "docs" / cls.SCHEMA)
        cls.validator = jsonschema.Draft202012Validator(cls.schema)

    def test_is_a_schema(self) -> None:
        jsonschema.Draft202012Validator.check_schema(self.schema)

    def test_takes_good_documents_and_examples(self) -> None:
        files = [*self.FOLDER.glob("good/*.json"), *ROOT.glob(self.EXAMPLES)]
        self.assertGreaterEqual(len(files), self.LEAST_GOOD)
        for file in files:
            with self.subTest(file.name):
                self.validator.validate(load(file))

    def test_refuses_bad_documents(self) -> None:
        files = list(self.FOLDER.glob("bad/*.json"))
        self.assertGreaterEqual(len(files), self.LEAST_BAD)
        for file in files:
            case = load(file)
            with self.subTest(file.name):
                self.assertEqual(
                    self.validator.is_valid(case["document"]),
                    case.get("beyond_schema", False),
                )

    def test_describes_every_key(self) -> None:
        def walk(node: object, path: str) -> None:
            if not isinstance(node, dict):
                return
            for key, value in node.get("properties", {}).items():
                if value is not True and "const" not in value:
                    self.assertIn("description", value, f"{path}.{key}")
                walk(value, f"{path}.{key}")
            for name in ("items", "additionalProperties"):
                walk(node.get(name), f"{path}.{name}")
            for choice in node.get("oneOf", []):
                walk(choice, path)

        walk(self.schema, "")
        for name, definition in self.schema.get("$defs", {}).items():
            walk(definition, name)


class ServerSchemaTest(AgentSchemaTest):
    SCHEMA = "server.schema.json"
    FOLDER = HERE / "server"
    EXAMPLES = "examples/server/*.json"
    LEAST_GOOD, LEAST_BAD = 7, 40


if __name__ == "__main__":
    unittest.main()
