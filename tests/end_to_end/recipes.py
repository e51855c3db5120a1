"""The examples of docs/outputs.md, as they stand there."""
import re


def read(source):
    """Its code blocks: {section: {language: [block, ...]}}"""
    found, section, language, block = {}, None, None, []
    for line in (source / "docs" / "outputs.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            section = line[3:].strip()
        elif line.startswith("```") and language is None:
            language, block = line[3:].strip(), []
        elif line == "```":
            found.setdefault(section, {}).setdefault(language, []).append("\n".join(block))
            language = None
        elif language is not None:
            block.append(line)
    return found


def place(text, ports):
    """text with our servers in the place of the examples' hosts ({host: port}), and the names of its outputs."""
    for host, port in ports.items():
        text, count = re.subn(re.escape(host) + r"(:\d+)?(?=[/\"])", f"localhost:{port}", text)
        if count == 0:
            raise AssertionError(f"{host} is not in the example")
    if ".example.com" in text:
        raise AssertionError("an example's host is left: " + text)
    return text, re.findall(r'<(?!header)\w+ name="([\w-]+)"', text)
