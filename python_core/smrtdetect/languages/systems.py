"""Marks of C and C++, of CSS and of SQL."""

from __future__ import annotations

from typing import Final

from python_core.smrtdetect.languages.marks import Form, Language, weigh

# What C++ shares with C stands here alone.
C: Final = Language(
    weigh(
        w8="sizeof malloc calloc strlen strcmp strcpy memcpy memset ifndef ifdef uint8_t uint32_t uint64_t uint16_t int64_t "
        "size_t ssize_t stdio EINVAL errno __attribute__ typedef va_list",
        w4="struct extern unsigned NULL endif define include goto int32_t char printf fprintf inline",
        w2="void static int const long enum union volatile",
    ),
    (
        Form(4, "#", r"\n[ \t]*# *include [\"<]", "#include <a.h>"),
        Form(3, "#", r"\n[ \t]*# *(?:ifdef|ifndef|undef|pragma once|elif defined|if defined|if !defined)\b", "#ifdef A"),
        Form(3, "define", r"\n[ \t]*# *define \w+", "#define A 1"),
        Form(2, "#", r"\n[ \t]*# *(?:endif|else|if 0|if 1)\b", "#endif /* A */"),
        Form(
            2,
            "int void char long short double float size_t unsigned uint8_t uint16_t uint32_t uint64_t int32_t int64_t",
            r"^(?:static |extern |inline |const |register |volatile )*(?:unsigned |signed )?"
            r"(?:int|void|char|long|short|double|float|\w+_t) \**\w+(?:\(|\[|;|,| =|\))",
            "static int a;",
        ),
        Form(2.5, " *", r" \*+(?<=\w \*)\**(?:const )?\w+[,;)=\[( ]", "const char *a,"),
        Form(2.5, "* ", r"\* (?<=[a-z]\* )(?:const )?\w+(?:[,;)]| =)", "char* a,"),
        Form(1.5, "->", r"->(?<=\w->)\w", "a->b"),
        Form(2, "NULL", r"[ (,]NULL[ ;,)]", " NULL;"),
        Form(2, "printf fprintf snprintf malloc sizeof free memcpy memset strcmp strlen", r"(?:printf|malloc|sizeof|memcpy|memset|strcmp|strlen|free) ?\(", "printf("),
        Form(3, "typedef", r"\btypedef (?:struct|enum|union|unsigned|int|void|\w+) ", "typedef struct a"),
        Form(3, "struct", r"\bstruct (?:\w+ ?(?:\{|\*+\w|\w+[;,)])|\{)", "struct a {"),
        Form(2, "extern", r"^extern (?!crate)[\w\"]", "extern int a"),
        Form(1, "/*", r"^/\*[^\n]*\*/\n", "/* a */"),
        Form(2, "goto", r"^goto \w+;", "goto out;"),
        Form(1, "case", r"^case [A-Z][A-Z0-9_]+:", "case A_B:"),
        Form(1, "&", r"&(?<=[( ]&)\w+[,)]", "(&a)"),
        Form(1.5, "int char void long size_t", r", (?:const )?(?:int|char|void|long|size_t) \**\w+[,)]", ", int a)"),
        Form(2, "#", r"^# *error ", "#error a"),
        Form(1, "\\\n", r"[;{)] *\\\n", "a; \\\n"),
    ),
)  # fmt: skip

CPP: Final = Language(
    weigh(
        w8="nullptr constexpr static_cast dynamic_cast reinterpret_cast const_cast decltype noexcept typename template "
        "unique_ptr shared_ptr string_view iostream cout cerr endl EXPECT_EQ ASSERT_TRUE ASSERT_EQ EXPECT_TRUE enable_if",
        w4="namespace virtual explicit mutable operator std auto bool vector override",
        w2="class public private protected using delete friend",
    ),
    (
        Form(4, "std::", "", "std::a"),
        Form(1.5, "::", r"::(?<=\w::)~?\w", "a::b"),
        Form(4, "template", r"\btemplate ?<", "template <"),
        Form(4, ":\n", r"^(?:public|private|protected)(?: slots)?:\n", "public:"),
        Form(3, "namespace", r"^(?:inline )?namespace (?:\w+(?:::\w+)* )?\{|\} *// namespace", "namespace a {"),
        Form(4, "using", r"^using (?:namespace \w+|[a-z]\w* = [^\n]+|\w+::\w[\w:]*);", "using namespace std;"),
        Form(3, "& ", r"& (?<=[\w>]& )\w+ ?[,)=]", "const A& a)"),
        Form(3, "&& ", r"&& (?<=[\w>]&& )\w+[,)]", "A&& a)"),
        Form(1.5, " &", r" &(?<=\w &)\w+[,)]", "const A &a)"),
        Form(3, "class", r"^class (?:[A-Z_]+ )?\w+(?: final)?(?: : (?:public|private) [^\n]+)? ?(?:\{|;|\n[ \t]*\{)\n", "class A : public B {"),
        Form(3, "virtual", r"^virtual [~\w]", "virtual ~A"),
        Form(3, "operator", r"\boperator ?(?:[-+*/=<>!\[\]()]+|bool|new)", "operator=="),
        Form(4, "<<", r"<< (?<=\w << )[\w\"']|<<(?<=cout<<)", "cout << a"),
        Form(5, "#include <", r"#include <[a-z_]+>", "#include <vector>"),
        Form(2, "auto", r"\b(?:const )?auto(?:&&?|\*)? \w+ (?:=|:) ", "auto a = "),
        Form(2.5, "TEST TEST_F TEST_CASE EXPECT_EQ EXPECT_TRUE ASSERT_TRUE ASSERT_EQ", r"\b(?:TEST|EXPECT|ASSERT)\w*\(", "EXPECT_EQ("),
        Form(1.5, ") const", r"\) const(?: override)?(?: noexcept)?[ ;{\n]", ") const {"),
    ),
)  # fmt: skip

CSS: Final = Language(
    weigh(w4="px webkit hover", w2="padding margin"),
    (
        Form(
            2.5,
            ";\n",
            r"^(?:-webkit-|-moz-|-ms-)?(?:color|margin|padding|display|font|background|border|width|height|position|text|line|top|"
            r"left|right|bottom|overflow|opacity|content|cursor|float|flex|grid|transition|transform|z|box|align|justify|max|min|"
            r"outline|list|vertical|white|animation|fill|visibility|letter)(?:-[a-z]+){0,3} ?: ?[^;{}\n]+;",
            "color: red;",
        ),
        Form(
            3,
            "{",
            r"^(?:[.#:*][\w-][^\n;{}]*|(?:html|body|a|p|h\d|ul|li|table|t[dhr]|div|span|pre|code|img|input|button)\b[^\n;{}()=]*) ?\{",
            ".a:hover {",
        ),
        Form(4, "\n{\n", r"^[.#:\w][^\n;{}()=]*\n\{\n[ \t]+[a-z-]+ ?: ?[^\n]+;\n", ".a b\n{\n  color: red;"),
        Form(4, "{", r"\{(?:--)?[a-z-]{2,30}:[^;{}\n ]{1,60}[;}]", "a{color:red}"),
        Form(5, "@", r"^@(?:media|keyframes|font-face|charset|import url|supports|page)\b", "@media print {"),
        Form(2, "--", r"^--[\w-]+: ?[^;\n]+;", "--a: 1px;"),
        Form(2, ";", r": [^;\n{}]{0,60}(?:\d(?:px|em|rem|%|vh|vw|pt)|!important|#[0-9a-fA-F]{3,8});", ": 1px;"),
        Form(3, "{", r"\{ ?[a-z-]{2,30}: ?[^{}\n]{1,160}\}", "{ color: red }"),
    ),
)  # fmt: skip

SQL: Final = Language(
    weigh(
        w4="VARCHAR varchar INTEGER plpgsql COALESCE BIGINT INTO NULL TABLE WHERE",
        w2="SELECT FROM JOIN VALUES INSERT UPDATE CREATE AND",
    ),
    (
        Form(2.5, "SELECT select", r"^(?:SELECT|select) (?!the |a |an |all |your )[\w\"`*(.]", "SELECT a"),
        Form(
            2,
            "from FROM",
            r"\b(?:from|FROM) [\w\"`.\[]+(?: (?:as )?\w{1,12})?(?:\n| ?;| (?:where|WHERE|inner|INNER|left|LEFT|join|JOIN|order|ORDER|"
            r"group|GROUP|limit|LIMIT)\b)",
            "FROM a WHERE",
        ),
        Form(2.5, "where WHERE", r"\b(?:where|WHERE) [\w\"`.]+ ?(?:=|<|>|!=|in \(|IN \(|is |IS |like |LIKE )", "WHERE a ="),
        Form(
            6,
            "create CREATE",
            r"^(?:create|CREATE) (?i:or replace |temp(?:orary)? |unique |global )*(?i:table|index|view|function|trigger|schema|"
            r"database|type|aggregate|operator|extension|sequence|procedure|policy|role|user|language|cast|domain) \W?\w",
            "CREATE TABLE a",
        ),
        Form(6, "into INTO", r"^(?i:insert into [\w\"`.]+(?: ?\(| values| select|\n))", "insert into a (b)"),
        Form(5, "set SET", r"^(?i:update [\w\"`.]+ set \w+ ?=)", "update a set b = 1"),
        Form(5, "from FROM", r"^(?i:delete from [\w\"`.]+(?: where\b| using\b| ?;))", "delete from a where"),
        Form(
            5,
            "alter ALTER drop DROP",
            r"^(?:alter|ALTER|drop|DROP) (?i:table|type|default|function|extension|operator|view|index|trigger|schema|aggregate) \W?\w",
            "ALTER TABLE a",
        ),
        Form(5, "grant GRANT revoke REVOKE comment COMMENT", r"^(?i:grant [\w, ]{1,60} on |revoke [\w, ]{1,60} (?:on|from) |comment on \w+ )", "GRANT a ON b"),
        Form(
            3,
            "KEY NOT REFERENCES LANGUAGE RETURNS JOIN BY IF",
            r"\b(?:PRIMARY KEY|FOREIGN KEY|NOT NULL|REFERENCES \w+|LANGUAGE '?\w+|RETURNS \w+|LEFT JOIN|INNER JOIN|ORDER BY|GROUP BY|"
            r"END IF;)",
            "NOT NULL",
        ),
        Form(2.5, "key null references by", r"\b(?:primary key|foreign key|not null\b|references \w+ ?\(|order by \w|group by \w)", "not null"),
        Form(1, "-- ", "^-- ", "-- a"),
        Form(3, "$$", r"\$\$(?: |\n)", "AS $$"),
        Form(2, "BEGIN COMMIT", r"^(?:BEGIN|COMMIT|ROLLBACK|END);?\n", "COMMIT;"),
    ),
)  # fmt: skip
