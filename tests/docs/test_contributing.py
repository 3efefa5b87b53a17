"""What contributors' tools are set to: the lock's versions, and the one script that CI runs."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
WORKFLOW = ROOT / ".github" / "workflows" / "ci.yml"


def test_hooks_call_the_tools_of_the_virtual_environment():
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert [repo["repo"] for repo in config["repos"]] == ["local"]
    hooks = config["repos"][0]["hooks"]
    assert {hook["language"] for hook in hooks} == {"system"}
    called = {
        match[1] for hook in hooks if (match := re.match(r"\.venv/bin/python -m (\w+ ?\w+)", hook["entry"]))
    }
    assert called == {"ruff check", "ruff format", "sqlfluff lint"}


def test_the_workflow_is_one_that_github_understands():
    command = ["check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(WORKFLOW)]
    done = subprocess.run([sys.executable, "-m", *command], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_workflow_runs_what_every_submission_has_to_pass():
    workflow = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    (job,) = workflow["jobs"].values()
    assert [step["run"] for step in job["steps"] if "run" in step] == ["bash .ci/run"]
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "requires-python"
    ]
    (python,) = (
        step["with"]["python-version"] for step in job["steps"] if "python-version" in step.get("with", {})
    )
    assert wanted.startswith(f">={python},")
