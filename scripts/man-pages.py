#!/usr/bin/env python3
"""man-pages.py SOURCE FOLDER VERSION: manual pages from the sources: one of section 3 for each public function, from the
comments of include/npurt, and npurt-target(7) from docs/guide/targets.md."""
import os
import re
import sys

SOURCE, FOLDER, VERSION = sys.argv[1:4]


def escape(text):
    """Text that means itself in roff."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join("\\&" + line if line[:1] in (".", "'") else line for line in text.split("\n"))


def title(name, section):
    return '.TH %s %d "" "npurt %s" "npurt"\n' % (name.upper(), section, VERSION)


def write(name, section, text):
    with open(os.path.join(FOLDER, "%s.%d" % (name, section)), "w", encoding="utf-8") as file:
        file.write(title(name, section) + text)


def verbatim(lines):
    return ".PP\n.nf\n.RS\n" + escape("\n".join(lines)) + "\n.RE\n.fi\n"


# ---- headers

COMMENT = re.compile(r"/\*(.*?)\*/", re.S)


def comment_text(comment):
    """The lines of a comment without its stars."""
    lines = [re.sub(r"^\s*\*? ?", "", line) if i else line.strip() for i, line in enumerate(comment.split("\n"))]
    while lines and not lines[-1].strip():
        lines.pop()
    return [line.rstrip() for line in lines]


def paragraphs(lines):
    """Prose is filled; indented lines and tables stand as they are."""
    text, prose, block = "", [], []

    def end():
        nonlocal text, prose, block
        if prose:
            text += ".PP\n" + escape("\n".join(prose)) + "\n"
        if block:
            text += verbatim(block)
        prose, block = [], []

    for line in lines:
        if not line.strip():
            end()
        elif line.startswith("    "):
            if prose:
                end()
            block.append(line[4:])
        else:
            if block:
                end()
            prose.append(line)
    end()
    return text


def function_name(declaration):
    found = re.search(r"\b(npurt_\w+)\s*\(", declaration)
    return found.group(1) if found else None


def functions(text):
    """(name, prototype, comment's lines) of every function of a header, in order. A function without a comment of its own
    that follows another without an empty line between them shares that one's."""
    found, comment, at = [], [], 0
    pattern = re.compile(r"/\*.*?\*/|^(?:NPURT_API|static inline|NPURT_KERNEL|NPURT_ORCH_INLINE)\b[^;{]*[;{]|^\s*$", re.S | re.M)
    while at < len(text):
        match = pattern.search(text, at)
        if not match:
            break
        piece = match.group(0)
        at = max(match.end(), at + 1)
        if piece.startswith("/*"):
            line_begin = text.rfind("\n", 0, match.start()) + 1
            if not text[line_begin:match.start()].strip():
                comment = comment_text(piece[2:-2])
        elif not piece.strip():
            comment = []
        else:
            body = piece[-1] == "{"
            prototype = re.sub(r"^(NPURT_API|static inline|NPURT_KERNEL|NPURT_ORCH_INLINE)\s*", "", piece[:-1].strip())
            prototype = re.sub(r"__attribute__\(\(.*?\)\)\)?", "", prototype)
            prototype = re.sub(r"\s+", " ", prototype).strip()
            name = function_name(prototype)
            if body:
                depth = 1
                while depth and at < len(text):
                    depth += {"{": 1, "}": -1}.get(text[at], 0)
                    at += 1
                if text[at:at + 1] == "\n":
                    at += 1
            if name:
                found.append((name, prototype, comment))
    return found


def types(texts):
    """The definition of each type of the headers, by its name."""
    found = {}
    for text in texts:
        for match in re.finditer(r"^typedef (?:struct|enum) (npurt_\w+) \{.*?^\} \w+;", text, re.S | re.M):
            found[match.group(1)] = match.group(0).split("\n")
    return found


def first_sentence(lines, header):
    """For the NAME section: whatis takes one line."""
    text = " ".join(line.strip() for line in lines)
    text = re.split(r"(?<=[a-z0-9)\]])[.:;](?:\s|$)", text)[0].rstrip(".")
    if not text or len(text) > 120:
        text = text[:117].rsplit(" ", 1)[0] if text else "of the header npurt/" + header
    return text[:1].lower() + text[1:] if not text[:2].isupper() else text


def header_pages():
    include = os.path.join(SOURCE, "include", "npurt")
    headers = {}
    for name in sorted(os.listdir(include)):
        with open(os.path.join(include, name), encoding="utf-8") as file:
            headers[name] = file.read()
    known = types(headers.values())
    for header, text in headers.items():
        begin = COMMENT.match(text)
        about = comment_text(begin.group(1)) if begin else []
        body = text[begin.end():] if begin else text
        all_of = functions(body)
        names, by_name = [], {}
        for name, prototype, comment in all_of:
            if name not in by_name:
                names.append(name)
                by_name[name] = (prototype, comment)
            elif comment and not by_name[name][1]:
                by_name[name] = (prototype, comment)
        for name in names:
            prototype, comment = by_name[name]
            page = ".SH NAME\n%s \\- %s\n" % (escape(name), escape(first_sentence(comment, header)))
            page += ".SH SYNOPSIS\n.nf\n.B #include <npurt/%s>\n.PP\n.BI \"%s;\"\n.fi\n" % (
                header, escape(prototype).replace('"', '\\(dq'))
            page += ".SH DESCRIPTION\n" + (paragraphs(comment) or "See npurt/%s.\n" % header)
            used = [t for t in known if re.search(r"\b%s\b" % t, prototype)]
            if used:
                page += ".SH TYPES\n" + "".join(verbatim(known[t]) for t in used)
            if about:
                page += ".SH THE HEADER\n" + paragraphs(about)
            index = names.index(name)
            others = [n for n in names[max(0, index - 4):index + 5] if n != name]
            if others:
                page += ".SH SEE ALSO\n" + ",\n".join(".BR %s (3)" % escape(n) for n in others) + "\n"
            write(name, 3, page)


# ---- a page of the guide


def inline(text):
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    parts = re.split(r"(`[^`]*`|\*\*[^*]*\*\*)", text)
    out = ""
    for part in parts:
        if part[:1] == "`" or part[:2] == "**":
            out += "\\fB" + escape(part.strip("`*")) + "\\fR"
        else:
            out += escape(part) if out or part[:1] not in (".", "'") else "\\&" + escape(part)
    return out


def guide_page():
    with open(os.path.join(SOURCE, "docs", "guide", "targets.md"), encoding="utf-8") as file:
        lines = file.read().split("\n")
    page = ".SH NAME\nnpurt\\-target \\- the strings that name a device of npurt\n.SH DESCRIPTION\n"
    block, paragraph = None, False
    for line in lines[1:]:
        if line.startswith("```"):
            page += ".RE\n.fi\n" if block else ".PP\n.nf\n.RS\n"
            block = not block
        elif block:
            page += escape(line) + "\n"
        elif line.startswith("## "):
            page += ".SH " + inline(line[3:]).upper().replace("\\FB", "\\fB").replace("\\FR", "\\fR") + "\n"
            paragraph = True
        elif line.startswith("### "):
            page += ".SS " + inline(line[4:]) + "\n"
            paragraph = True
        elif re.match(r"^\|[ -|]*-[ -|]*\|$", line) and not re.search(r"[A-Za-z]", line):
            continue
        elif line.startswith("|"):
            cells = [c.strip().replace("\\|", "|") for c in re.split(r"(?<!\\)\|", line)[1:-1]]
            page += ".TP\n" + (inline(cells[0]) or "\\ ") + "\n" + " \\- ".join(inline(c) for c in cells[1:]) + "\n"
            paragraph = False
        elif not line.strip():
            paragraph = False
        else:
            if not paragraph:
                page += ".PP\n"
                paragraph = True
            page += inline(line) + "\n"
    write("npurt-target", 7, page + ".SH SEE ALSO\n.BR npurt\\-run (1),\n.BR npurt\\-doctor (1)\n")


os.makedirs(FOLDER, exist_ok=True)
header_pages()
guide_page()
