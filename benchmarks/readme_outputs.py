"""Put the true output of the shown commands into both READMEs, between `<!-- output: NAME -->` and `<!-- end -->`.

    python benchmarks/readme_outputs.py

Run from a checkout with the package installed. Long outputs are cut at named lines, and a cut is shown as `…`; nothing
else is changed but the checkout's own path.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
READMES = {"en": ROOT / "README.md", "zh": ROOT / "README.zh-CN.md"}
SYSTEMS = {
    "en": {"wms": "WMS, gateway and application", "wcs": "WCS and robots", "scanner": "scanners", "db": "databases", "cache": "cache", "erp": "ERP"},
    "zh": {"wms": "WMS、网关和应用", "wcs": "WCS 和机器人", "scanner": "扫码设备", "db": "数据库", "cache": "缓存", "erp": "ERP"},
}  # fmt: skip


def run(*command: str, cwd: Path = ROOT) -> str:
    """A command's stdout at 100 columns, without the checkout's path."""
    env = os.environ | {"COLUMNS": "100", "PYTHONUTF8": "1", "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, *command], check=False, cwd=cwd, env=env, capture_output=True, text=True, encoding="utf-8"
    )
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}\n{done.stderr}")
    return done.stdout.replace(f"{cwd}/", "").replace(f"{ROOT}/", "")


def cut(text: str, head: str, stop: str, keep: int = 0, tail: int = 0) -> str:
    """The lines from the one that begins with `head` to before `stop`, `keep` more lines, `…`, and the last `tail`."""
    lines = [line.rstrip() for line in text.strip("\n").splitlines()]
    first = next((n for n, line in enumerate(lines) if line.strip().startswith(head)), 0)
    last = next((n for n, line in enumerate(lines) if n > first and line.startswith(stop)), len(lines))
    ending = lines[-tail:] if tail else []
    shown = lines[first : min(last + keep, len(lines))]
    whole = last + keep >= len(lines) - tail
    return "\n".join([*shown, *([] if whole else ["…"]), *ending]).strip("\n")


def fenced(text: str) -> str:
    """As a code block."""
    return f"```\n{text}\n```"


def demo(lang: str, work: Path) -> str:
    """The demo's verdict and the beginning of its timeline."""
    text = run("-m", "forensics", "demo", "--lang", lang, cwd=work)
    words = {"en": ("What happened", "Timeline"), "zh": ("发生了什么", "时间线")}[lang]
    return fenced(cut(text, *words, keep=20, tail=4))


def audit(lang: str, work: Path) -> str:
    """The audit's summary and its first incident."""
    text = run("-m", "forensics", "audit", "--lang", lang, "--case", "demo-case", cwd=work)
    words = {"en": ("", "Incident 2"), "zh": ("", "异常 2")}[lang]
    return fenced(cut(text, *words))


def formats(lang: str, work: Path) -> str:
    """Titles of the shipped formats by system."""
    rows = json.loads(run("-m", "forensics", "formats", "list", "--lang", lang, "--format", "json", cwd=work))
    lines = []
    for system, name in SYSTEMS[lang].items():
        titles = sorted({row["title"] for row in rows if (row["system"] or "wms") == system})
        if titles:
            lines.append(f"  - {name}: {'; '.join(titles)}" if lang == "en" else f"  - {name}：{'；'.join(titles)}")
    return "\n".join(lines)


def accuracy(_lang: str, _work: Path) -> str:
    """The recorded cases' truth against an audit: the table of cases."""
    return fenced(run("benchmarks/accuracy.py").strip().split("\n\n")[-1])


BLOCKS: dict[str, Callable[[str, Path], str]] = {"demo": demo, "audit": audit, "formats": formats, "accuracy": accuracy}


def main() -> int:
    """Fill every block of both READMEs; 1 if a command failed and its block was left alone."""
    failed = False
    for lang, readme in READMES.items():
        text = readme.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder:
            for name, block in BLOCKS.items():
                marked = re.compile(rf"(<!-- output: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
                if not marked.search(text):
                    sys.exit(f"{readme.name} has no block '{name}'")
                try:
                    output = block(lang, Path(folder).resolve())
                except RuntimeError as error:
                    failed = True
                    print(f"{readme.name}, {name}: left as it was\n{error}", file=sys.stderr)
                    continue
                text = marked.sub(lambda found, new=output: f"{found[1]}{new}\n{found[2]}", text)  # type: ignore[misc]
        readme.write_text(text, encoding="utf-8")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
