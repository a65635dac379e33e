"""Marks of Python, Ruby, PHP, shell and PowerShell."""

from __future__ import annotations

from typing import Final

from python_core.smrtdetect.languages.marks import Form, Language, weigh

PYTHON: Final = Language(
    weigh(
        w8="elif __init__ __name__ __main__ __all__ __future__ staticmethod classmethod isinstance kwargs ValueError "
        "TypeError KeyError NotImplementedError AttributeError RuntimeError __file__ __version__ __class__ __doc__",
        w4="None self cls yield lambda args nonlocal pytest unittest",
        w2="True False pass import from raise except finally with assert def del",
    ),
    (
        Form(4, "def", r"^(?:async )?def \w+\((?:[^\n]*\)(?: ->[^\n]+)?:(?: *#[^\n]*)?\n|[^\n]*[(,]\n|\n)", "def f(a: int) -> str:"),
        Form(4, "class", r"^class \w+(?:\([^\n()]*\))?:(?: *#[^\n]*)?\n", "class A(B):"),
        Form(5, "import", r"^from \.*[\w.]* import [\w(*]", "from a.b import c"),
        Form(2.5, "import", r"^import [\w.]+(?: as \w+)?(?:, [\w.]+)*(?: *#[^\n]*)?\n", "import os, sys"),
        Form(2.5, ":\n", r"^(?:if|elif|for|while|with|except|async with|async for)\b[^\n{;]*:\n", "for a in b:"),
        Form(3, ":\n", r"^(?:else|try|finally):\n", "else:"),
        Form(1.5, "self.", "", "self.a"),
        Form(2, "None", r" is (?:not )?None\b", "if a is None"),
        Form(2, "not", r"\b(?:if|and|or) [^\n:]{1,40} not in ", "if a not in b"),
        Form(1.5, "__", r"__[a-z]+__", "__init__"),
        Form(4, ">>> ", "^>>> ", ">>> a"),
        Form(1.5, '"""', "", '"""'),
        Form(1, "print", r"^print\([^\n;]*\)\n", "print(a)"),
        Form(1, " = ", r"^[\w.]+(?:: [\w\[\], |]+)? = [^\n;{]*[\w\])'\"]\n", "a = b"),
        Form(1, "return", r"^return [^\n;{]*[\w\])'\"]\n", "return a"),
        Form(2, "raise", r"^raise \w+", "raise ValueError"),
        Form(2, "@", r"^@[\w.]+(?:\([^\n]*\))?\n[ \t]*(?:async )?(?:def|class|@)", "@a.b\ndef"),
        Form(2, "in", r" for (?<=\S for )\w+(?:, \w+){0,4} in [^\n]{1,80}[\])}]", "[a for a in b]"),
        Form(1.5, 'f"', r"f\"(?<=[ (\[=,{]f\")[^\"\n]{0,120}\{\w", '(f"{a}"'),
        Form(1, ", ", r", \w+=[\w'\"\[({]", "f(a, b=1)"),
        Form(2, "lambda", r"\blambda(?: \w+(?:, \w+){0,6})?: ", "lambda x: x"),
        Form(2, "assert", r"^assert [^(;\n][^\n;]*\n", "assert a == b"),
        Form(1.5, ",\n", r"^\w+=[^\n;]+,\n", "a=b,"),
        Form(1.5, ":param", r"^:(?:param|return|returns|rtype|type|raises)\b", ":param a:"),
        Form(2, ": ", r": (?<=\w: )(?:str|int|float|bool|list|dict|Any|Optional|bytes|Path)\b[,)\] =]", "(a: str)"),
        Form(3, ") ->", r"\) -> (?:None|str|int|float|bool|list|dict|Any|Iterator|tuple|bytes)\b[^\n{;]*:\n", ") -> None:"),
    ),
)  # fmt: skip

RUBY: Final = Language(
    weigh(
        w8="elsif attr_reader attr_accessor attr_writer puts require_relative rubocop frozen_string_literal respond_to",
        w4="unless rescue ensure nil defined module_function to_sym to_s assert_equal",
        w2="require module begin def end then do yield",
    ),
    (
        Form(3, "def", r"^def (?:self\.)?\w+[?!=]?(?:\([^\n)]*\)| \w[^\n:(]*)?\n", "def a?"),
        Form(2.5, "end", r"^end\n", "end"),
        Form(5, "do |", r"\bdo \|\w[^\n|]*\|\n", "a.each do |b|"),
        Form(3, " do\n", r"^[a-z][^\n=]* do\n", "it 'a' do"),
        Form(2.5, "puts", r"^puts [\"'\w]", "puts a"),
        Form(4, "require require_relative", r"^require(?:_relative)? ['\"]", "require 'a'"),
        Form(5, "~attr_", r"^attr_(?:accessor|reader|writer) :", "attr_reader :a"),
        Form(3, "?", r"\.(?:nil|empty|any|all|is_a|include|respond_to|key|start_with|end_with|exist|file)\?", "a.nil?"),
        Form(2, "@", r"^@\w+ (?:\|\|)?= ", "@a = b"),
        Form(1.5, "@", r"[ (.!]@[a-z]\w*\b(?!\()", "a @b"),
        Form(2, " => ", r"[(, {]:\w+ => ", " :a => b"),
        Form(1.5, " => ", r"[\"']\w+[\"'] => ", "'a' => b"),
        Form(3, "elsif", r"^elsif [^\n({]*\n", "elsif a"),
        Form(2, "unless", r"\bunless \w[^\n({]*\n", "a unless b"),
        Form(2, "if", r" if (?<=[\w)\]?!'\"] if )(?![^\n]* else )[\w@!:][^\n{;:]*\n", "return if a"),
        Form(4, "module", r"^module [A-Z]\w*(?:::\w+)*\n", "module A"),
        Form(4, "class", r"^class [A-Z]\w*(?:::\w+)*(?: < [A-Z][\w:]*)?\n", "class A < B"),
        Form(2.5, "#{", r"[\"`/][^\"\n]{0,160}#\{", '"#{a}"'),
        Form(3, "rescue", r"^rescue(?: [A-Z][\w:]*)?(?: => \w+)?\n", "rescue A => e"),
        Form(2, "%", r"%[wi][\[({]", "%w[a"),
        Form(2, "{ |", r"\{ ?\|\w[^\n|]*\| ", "{ |a| "),
        Form(1.5, "private protected begin ensure", r"^(?:private|protected|begin|ensure)\n", "private"),
        Form(2.5, "gem include extend task desc", r"^(?:gem|include|extend|task|desc) ['\":A-Z][^\n;{(]*\n", "gem 'a'"),
        Form(2, "raise", r"^raise (?:[A-Z][\w:]*, )?[\"'A-Z][^\n;(]*\n", "raise A, 'b'"),
        Form(2.5, "assert_equal assert expect refute", r"^(?:assert\w*|refute\w*|expect) [^\n;{]+\n", "assert_equal a, b"),
        Form(2.5, "should describe context it let subject", r"^(?:should|describe|context|it|let|subject) ?\(?[\"':{A-Z]", "it 'a'"),
        Form(1.5, ".", r"\.(?:each|map|select|reject|to_s|to_sym|to_i|to_a|freeze|merge|first|last)(?=[ .\n)\]])", "a.to_s\n"),
        Form(2, "||=", "", "a ||= b"),
        Form(1.5, "::", r"::(?<=[A-Za-z]::)[A-Z]\w*(?:\.\w+|\n)", "A::B.c"),
        Form(1, ":", r":(?<=[(, ]:)[a-z_]\w*[,)\n]", "a :b, c"),
    ),
)  # fmt: skip

PHP: Final = Language(
    weigh(
        w8="foreach elseif isset unset is_array is_string array_merge array_map array_key_exists array_keys in_array "
        "str_replace preg_match strpos array_filter implode explode __construct phpunit declare strict_types",
        w2="function public private protected echo array namespace use instanceof null",
    ),
    (
        Form(10, "<?php", "", "<?php"),
        Form(2.5, "$", r"\$\w+(?:\[[^\n\]]{0,60}\]|->\w+)* \.?= [^\n]*[;(\[{,]\n", "$a = 1;"),
        Form(5, "$this->", "", "$this->a"),
        Form(2.5, "->", r"\$\w+->\w+", "$a->b"),
        Form(5, "function", r"\b(?:public|private|protected|static) (?:static )?function ?&?\w+\(", "public function a("),
        Form(4, "function", r"\bfunction ?&?\w*\((?:[?\w\\|]+ )?&?\$\w+", "function a($b"),
        Form(3, "self static parent", r"\b(?:self|static|parent)::", "self::A"),
        Form(6, "use", r"^use (?:function )?[A-Z]\w*(?:\\\w+)+", "use A\\B;"),
        Form(6, "namespace", r"^namespace [A-Z]\w*(?:\\\w+)*;", "namespace A\\B;"),
        Form(2, "array", r"\barray\(", "array("),
        Form(1.5, "=> ", r"['\"]\w+['\"] => ", "'a' => "),
        Form(2.5, "echo", r"^echo [^\n]*;", "echo $a;"),
        Form(5, "foreach", r"\bforeach ?\(\$", "foreach ($a"),
        Form(2.5, "($", r"\(\$(?<=[a-z]\(\$)\w+[\[,);-]", "isset($a)"),
        Form(4, "* @", r"\* @(?:param|var|return|throws) (?:[\w\\|\[\]<>,?]{1,60} )?\$", "* @param string $a"),
        Form(2, "if", r"\bif ?\(!?\$\w", "if ($a"),
        Form(1.5, ", $", r", \$\w+[,)]", ", $a)"),
        Form(2, "new", r"\bnew \\?[A-Z]\w*\([^\n]{0,80}\$\w", "new A($b"),
        Form(3, "function", r"\bfunction \w+\([^\n]*\)(?:: \??[\w\\]+)?\n[ \t]*\{", "function a(): int\n{"),
        Form(2, ". ", r"['\")] \. \$?\w", "'a' . $b"),
    ),
)  # fmt: skip

SHELL: Final = Language(
    weigh(
        w8="esac fi elif getopts shopt setopt zstyle autoload compdef",
        w4="done echo export sudo grep awk sed local then xargs alias eval unset mktemp printf",
        w2="do exit shift mkdir chmod source dirname basename cat",
    ),
    (
        Form(4, "if elif while until", r"^(?:if|elif|while|until) !? ?(?:\[{1,2} |test |grep |command -v |! |\(\()", "if [ -n a ]"),
        Form(4, "then", r";[ \t]*then\b|\n[ \t]*then\n", "; then"),
        Form(4, "fi", r"^fi(?:\n|;|#)", "fi"),
        Form(3.5, "do done", r"\n[ \t]*done\b|; do\n", "done"),
        Form(4, ";;", r";;\n", ";;"),
        Form(1.5, "$", r"\"\$(?:\{?\w+|[@*#?1-9])[^\"\n]*\"|\$\{\w+(?:[:#%/-][^\n}]*)?\}", '"$a"'),
        Form(2.5, "$(", r"[=\" ]\$\((?:\w|<)", "=$(a)"),
        Form(2, "echo", r"^echo (?:-[ne] )?[\"'$\w][^\n;]*\n", "echo a"),
        Form(4, "export", r"^export \w+=", "export A=b"),
        Form(1, "=", r"^[A-Za-z_]\w*=(?:[\"'$/\w.~-][^\n;]*)?\n", "A=b"),
        Form(2, "local", r"^local (?:-\w )?\w+(?:=| \w+\b|\n)", "local a=b"),
        Form(4, ">&", r">&[12]\b", "2>&1"),
        Form(4, "/dev/null", r"> ?/dev/null", ">/dev/null"),
        Form(4, "|", r" \|[ \n]*(?:grep|awk|sed|xargs|head|tail|sort|wc|cut|tr|uniq|less|tee|jq|sh|bash)\b", "a | grep b"),
        Form(3, "set", r"^set [-+][aeuxo]+", "set -e"),
        Form(3, ") {", r"^(?:function )?[\w:.-]+ ?\(\) ?\{(?: *#[^\n]*)?\n", "a() {"),
        Form(3, "function", r"^function [\w:.-]+ ?\{\n", "function a {"),
        Form(4, "alias", r"^alias [\w.-]+=", "alias a='b'"),
        Form(5, "git", r"^(?:[$%#] )?git (?:-C \S+ )?[a-z][a-z-]{2,12}\b(?! (?:is|was|and|or|can|will)\b)", "git clone a"),
        Form(
            5,
            "npm npx yarn pnpm pip pip3 docker kubectl cargo apt brew systemctl uv conda",
            r"^(?:[$%#] )?(?:sudo )?(?:npm|npx|yarn|pnpm|pip3?|docker(?:-compose)?|kubectl|cargo|apt(?:-get)?|brew|systemctl|uv|conda) "
            r"(?:install|i|run|ci|start|stop|test|init|add|build|compose|ps|exec|pull|push|up|update|upgrade|get|apply|"
            r"create|new|restart|enable|status|remove|list|-[\w-]+)\b",
            "npm install a",
        ),
        Form(
            4,
            "sudo curl wget chmod chown mkdir rm ls cp mv tar ssh scp source cd find python python3 bash awk cat ps make",
            r"^(?:[$%#] )?(?:sudo (?:[a-z]|-)|curl (?:-|http)|wget (?:-|http)|chmod [-+\d]|chown [-\w:]+ |mkdir -|rm -|ls -|cp -|"
            r"mv \S+ \S+\n|tar -?[a-z]+ |ssh [-\w.]+@|scp -?\S+[ :]|source [\w./~]|cd [~./$\"\w-]+\n|find [./~]|"
            r"python3? (?:-m|\S+\.py)|bash -|sed -|awk '|cat [\w./~-]+\n|ps (?:aux|-)|make -)",
            "curl -O a",
        ),
        Form(2, " -", r"^[a-z][\w-]{1,20}(?: [\w./-]+)? --?[a-z][\w-]*(?:[ =][^\n.]*)?\n", "tool run --flag a"),
        Form(2, "\\\n", r"[\w\"'/}] \\\n[ \t]+(?:--?\w|&&|\|)", "a \\\n  --b"),
        Form(2, " && ", r" && \n?[ \t]*[a-z][\w-]* [\w./~$\"'-]", "a && b c"),
        Form(2, "$", r"\$[1-9@#?*](?=[\s\";)\]])", "$1 "),
        Form(2, "read exit shift unset trap", r"^(?:read (?:-|\w+\n)|exit (?:\d|\$)|shift\b|unset \w|trap )", "exit 1"),
        Form(3, "case for", r"^(?:case \"?\$[^\n]* in\n|for \w+ in [^\n:]*(?:;|\n))", "for a in b; do"),
        Form(2, "[ ", r"\[{1,2} (?:-[a-z] |!|\"|\$)[^\n$]{0,80}\$[^\n\]]{0,60}\]", '[ -n "$a" ]'),
        Form(1.5, "$", r"[ =/]\$\w+(?=[/ \n])", " $a "),
    ),
)  # fmt: skip

POWERSHELL: Final = Language(
    weigh(
        w8="CmdletBinding PSCustomObject PSScriptRoot PSCmdlet Pester InModuleScope BeforeAll psd1 psm1 PSBoundParameters "
        "ErrorActionPreference SilentlyContinue",
        w4="ForEach foreach elseif param Param Parameter Mandatory hashtable scriptblock",
    ),
    (
        Form(2.5, "$", r"^\$\w+ ?[+]?= ?[^\n;]+\n", "$a = b"),
        Form(3, "if elseif while", r"\((?<=[efh] \()(?:\$\w|Test-|-not |!\(?\$|\[)[^\n]*\) ?\{?\n", "if ($a -eq b) {"),
        Form(
            4,
            "Get Set New Remove Add Import Export Write Invoke Test Start Stop Out Select Where ForEach ConvertTo Join Should",
            r"\b(?:Get|Set|New|Remove|Add|Import|Export|Write|Invoke|Test|Start|Stop|Out|Select|Where|ForEach|ConvertTo|Join|"
            r"Should|ConvertFrom|Split|Assert)-[A-Z]\w+",
            "Get-Item",
        ),
        Form(
            3,
            " -",
            r" -(?<=[\w)\"'\]] -)(?:i?eq|i?ne|gt|lt|ge|le|i?like|i?match|and|or|not(?:match|like)|contains|replace|is|as|split|join|f) "
            r"[$\"'(\[\w@]",
            "$a -eq $b",
        ),
        Form(
            3,
            "[",
            r"\[(?:Parameter|CmdletBinding|OutputType|Validate\w+|Alias|string|int|switch|bool|object|hashtable|PSCustomObject|"
            r"ScriptBlock|array|System\.[\w.]+|Diagnostics\.\w+)(?:\[\])?[(\]]",
            "[Parameter()]",
        ),
        Form(3, "param Param", r"^[pP]aram ?\(\n", "param ("),
        Form(4, "$_", r"\$_(?:\.\w+|[ )},;\n])", "$_.a"),
        Form(4, "$", r"\$(?:true|false|null|True|False|Null|PS[A-Z]\w+|env:\w+|script:\w+|global:\w+)\b", "$null"),
        Form(5, "function Function filter", r"^(?:[fF]unction|filter) (?:\w+:)?[A-Z]\w+-\w+", "function Get-A"),
        Form(1.5, " -", r" -[A-Z]\w+ [$\"'@(\w]", " -Path a"),
        Form(2, "@", r"@[{(](?:\n|[^\n]*[})])|@['\"]\n", "@{ a = 1 }"),
        Form(3, "#", r"^(?:<#|#>|#[rR]equires|\.(?:SYNOPSIS|DESCRIPTION|PARAMETER|EXAMPLE))", "<#"),
        Form(3, "Describe Context It BeforeEach AfterAll", r"^(?:Describe|Context|It|BeforeEach|AfterAll)\b[^\n;]*\{\n", 'It "a" {'),
        Form(2, "($", r"\(\$\w+(?: in \$|\.[A-Z]\w+\)|\) *\{)", "foreach ($a in $b"),
        Form(2.5, "]::", r"\[[\w.]+\]::\w+", "[Math]::Max"),
        Form(2, "| ", r"\| [%?] ?\{", "| % {"),
    ),
)  # fmt: skip
