"""The closed list of what a text can be: each type's group, the extension it is saved with, and examples of it."""

from __future__ import annotations

from typing import Final

import msgspec


class Kind(msgspec.Struct, frozen=True):
    """One type of text; ``extension`` is without a dot. The tests run every example through ``detect``."""

    group: str
    extension: str
    examples: tuple[str, ...]


KINDS: Final = {
    "text": Kind("text", "txt", ("The meeting is at noon; bring the notes (and some coffee).", "", "  \n ", "ok")),
    # Links: what can be opened.
    "url": Kind(
        "link",
        "txt",
        ("https://example.com/a?b=c#d", "www.example.org/x", "ssh://git@example.com/a.git", "localhost:5001/status"),
    ),
    "email": Kind("link", "txt", ("ann.lee+list@example.co.uk", "Ann Lee <ann@example.com>", "mailto:ann@example.com")),
    "path": Kind(
        "link",
        "txt",
        (
            r"C:\Users\Ann\My Documents\plan.docx",
            '"D:\\a b\\c.txt"',
            r"\\server\share\x",
            "/usr/lib/python3/dist-packages",
            "~/notes/today.md",
            "../src/main.rs",
            "src/python_core/net/wsgi.py",
            r"%APPDATA%\SmrtHub\Config",
            "/Users/ann/My Files/a.txt",
        ),
    ),
    # Values: one thing with a form of its own.
    "color": Kind("value", "txt", ("#ff8800", "#FA0", "rgb(10, 20, 30)", "hsla(120deg 50% 50% / 0.3)", "oklch(60% .1 20)")),
    "uuid": Kind("value", "txt", ("0190163d-8694-739b-aea5-966c26f8ad91", "{6B29FC40-CA47-1067-B31D-00DD010662DA}")),
    "ip": Kind("value", "txt", ("192.168.1.17", "10.0.0.0/8", "127.0.0.1:5001", "2001:db8::ff00:42:8329", "fe80::1/64")),
    "number": Kind("value", "txt", ("42", "-3.14", "1,234,567.89", "6.02e23", "0x1F4", "99.5 %", "€ 1.299,00", "$5")),
    "date": Kind(
        "value",
        "txt",
        (
            "2026-01-02",
            "2026-01-02T03:04:05.678Z",
            "2026-01-02 03:04",
            "31.12.2025",
            "12/31/2025",
            "January 2, 2026",
            "2 Jan 2026",
            "Fri, 02 Jan 2026 03:04:05 +0000",
        ),
    ),
    "jwt": Kind(
        "value",
        "txt",
        ("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJlLW9mLW5vdGhpbmc",),
    ),
    "base64": Kind("value", "txt", ("VGhlIHF1aWNrIGJyb3duIGZveCBqdW1wcyBvdmVyIDEzIGxhenkgZG9ncy4=",)),
    # Structured texts.
    "json": Kind("structured", "json", ('{"a": [1, 2, {"b": null}]}', '[\n  {"id": 1},\n  {"id": 2}\n]')),
    "jsonl": Kind("structured", "jsonl", ('{"id": 1, "name": "a"}\n{"id": 2, "name": "b"}\n',)),
    "csv": Kind("structured", "csv", ("id,name,city\n1,Ann,Oslo\n2,Ben,Rome\n", 'a;b;c\n1;"x;y";2\n3;z;4')),
    "tsv": Kind("structured", "tsv", ("id\tname\n1\tAnn\n2\tBen", "a\tb\tc\n1\t2\t3")),
    "xml": Kind(
        "structured",
        "xml",
        ('<?xml version="1.0"?>\n<note><to>Ann</to></note>', "<project>\n  <name>x</name>\n</project>"),
    ),
    "svg": Kind("structured", "svg", ('<svg xmlns="http://www.w3.org/2000/svg" width="9"><path d="M0 0"/></svg>',)),
    "yaml": Kind(
        "structured",
        "yaml",
        ("name: ci\non:\n  push:\n    branches: [main]\njobs:\n  - test\n", "---\na: 1\nb:\n  - x\n  - y\n"),
    ),
    "toml": Kind("structured", "toml", ('[project]\nname = "x"\nversion = "1.0"\n', '[[bin]]\nname = "a"\nflags = [1, 2]\n')),
    "ini": Kind("structured", "ini", ("[core]\neditor=vim\nautocrlf = input\n", "; settings\n[a]\nb=c\n")),
    # Markup.
    "html": Kind(
        "markup",
        "html",
        ("<!DOCTYPE html>\n<title>x</title>", '<div class="a"><p>Hello <b>you</b></p></div>', "<p>One</p>\n<p>Two</p>"),
    ),
    "markdown": Kind(
        "markup",
        "md",
        (
            "# Title\n\nSome *text* with a [link](https://example.com).\n\n- one\n- two\n",
            "## Use\n\n```sh\nmake\n```\n",
            "| a | b |\n|---|---|\n| 1 | 2 |\n",
        ),
    ),
    "latex": Kind(
        "markup",
        "tex",
        ("\\documentclass{article}\n\\begin{document}\nHi\n\\end{document}", "\\section{A}\nSee \\ref{x} and \\cite{y}."),
    ),
    # Code.
    "python": Kind(
        "code",
        "py",
        ("def add(a, b):\n    return a + b\n", "from pathlib import Path\n\nfor p in Path().iterdir():\n    print(p)\n"),
    ),
    "javascript": Kind(
        "code",
        "js",
        (
            "const a = require('fs');\nmodule.exports = { a };",
            "function go() {\n  console.log('x');\n  return a === b;\n}",
            "import x from './x.js';\nexport default x;",
        ),
    ),
    "typescript": Kind(
        "code",
        "ts",
        (
            "interface User {\n  name: string;\n  age?: number;\n}",
            "export const f = (a: string): number => a.length;\nexport type T = string | null;",
        ),
    ),
    "java": Kind(
        "code",
        "java",
        (
            "package a.b;\n\nimport java.util.List;\n\npublic class A {\n}\n",
            '@Override\npublic String toString() {\n  return "x";\n}',
        ),
    ),
    "c": Kind(
        "code",
        "c",
        (
            '#include <stdio.h>\n\nint main(void)\n{\n    printf("x");\n    return 0;\n}\n',
            "static struct node *find(struct list *l, const char *key)\n{\n\tif (l == NULL)\n\t\treturn NULL;\n}",
        ),
    ),
    "cpp": Kind(
        "code",
        "cpp",
        (
            "#include <vector>\nstd::vector<int> v;\nfor (const auto& x : v) std::cout << x;\n",
            "template <typename T>\nclass Box {\n public:\n  explicit Box(T t);\n};",
        ),
    ),
    "csharp": Kind(
        "code",
        "cs",
        (
            "using System;\n\nnamespace App\n{\n    public class A\n    {\n        public int B { get; set; }\n    }\n}",
            "foreach (var item in items)\n{\n    Console.WriteLine(item.Name);\n}",
        ),
    ),
    "go": Kind(
        "code",
        "go",
        (
            'package main\n\nimport "fmt"\n\nfunc main() {\n\tfmt.Println("x")\n}\n',
            "f, err := os.Open(name)\nif err != nil {\n\treturn nil, err\n}",
        ),
    ),
    "rust": Kind(
        "code",
        "rs",
        (
            "use std::io;\n\nfn main() {\n    let mut a = 1;\n    println!(\"{}\", a);\n}\n",
            "impl Iterator for A {\n    fn next(&mut self) -> Option<u8> {\n        None\n    }\n}",
        ),
    ),
    "ruby": Kind(
        "code",
        "rb",
        (
            "require 'json'\n\nclass A < B\n  def go\n    @x = 1\n  end\nend\n",
            "items.each do |item|\n  puts item.name unless item.nil?\nend",
        ),
    ),
    "php": Kind(
        "code",
        "php",
        ("<?php\necho 'x';\n", "public function get($id)\n{\n    return $this->items[$id];\n}"),
    ),
    "shell": Kind(
        "code",
        "sh",
        (
            "#!/bin/sh\nset -e\necho hi\n",
            'for f in *.txt; do\n  echo "$f"\ndone',
            "git clone https://example.com/a.git && cd a",
            "sudo apt-get install -y jq",
            "ps aux | grep python | awk '{print $2}'",
        ),
    ),
    "powershell": Kind(
        "code",
        "ps1",
        (
            "Get-ChildItem -Recurse | Where-Object { $_.Length -gt 1MB }",
            "param(\n  [string]$Name = $null\n)\nWrite-Host $Name",
        ),
    ),
    "sql": Kind(
        "code",
        "sql",
        (
            "SELECT id, name FROM users WHERE age > 30 ORDER BY name;",
            "create table t (id integer primary key, name text not null);",
            "INSERT INTO t (a, b) VALUES (1, 'x');",
        ),
    ),
    "css": Kind(
        "code",
        "css",
        (".a, #b > p {\n  color: red;\n  margin: 0 auto;\n}", "@media (max-width: 9em) {\n  body { display: none }\n}"),
    ),
    "dockerfile": Kind(
        "code",
        "dockerfile",
        ("FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN pip install .\n", "RUN make\nCMD [\"./a\"]\n"),
    ),
    # Records that programs write.
    "diff": Kind(
        "record",
        "diff",
        (
            "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n",
            "@@ -1,3 +1,3 @@ def f():\n a\n-b\n+c\n",
        ),
    ),
    "log": Kind(
        "record",
        "log",
        (
            "2026-01-02 03:04:05,678 INFO start\n2026-01-02 03:04:06,001 ERROR no disk\n",
            "Jan  2 03:04:05 host sshd[1]: Accepted\nJan  2 03:04:09 host cron[2]: done\n",
            '127.0.0.1 - - [02/Jan/2026:03:04:05 +0000] "GET / HTTP/1.1" 200 5\n'
            '127.0.0.1 - - [02/Jan/2026:03:04:06 +0000] "GET /a HTTP/1.1" 404 9\n',
        ),
    ),
}  # fmt: skip
