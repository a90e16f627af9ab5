# Writes every C block of a page whose first line is "/* NAME.c: …" to FOLDER/NAME.c (awk -v folder=FOLDER).
/^```c$/ { block = 1; next }
/^```/ { if (file) close(file); block = 0; file = ""; next }
block == 1 {
    if (!match($0, /^\/\* [a-z_]+\.[ch]:/)) { block = 0; next }
    file = folder "/" substr($0, 4, RLENGTH - 4)
    block = 2
}
block == 2 { print > file }
