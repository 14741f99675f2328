package io.solaster.load.protocol;

import java.util.Map;

/** What must not hold blanks or line breaks: a request would be another one. */
final class HttpText {
    private HttpText() {}

    static void check(String method, String authority, String target, Map<String, String> headers) {
        token("method", method, false);
        token("host", authority, false);
        token("path", target, false);
        headers.forEach((name, value) -> {
            token("header", name, false);
            token("header " + name, value, true);
        });
    }

    private static void token(String what, String text, boolean blanks) {
        boolean good = !text.isEmpty() || blanks;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            good &= c > ' ' && c != 127 || blanks && (c == ' ' || c == '\t');
        }
        if (!good) {
            throw new IllegalArgumentException("'" + text.replaceAll("\\p{Cntrl}", "?") + "' as " + what
                    + " holds what no request line or header can; escape it, such as %20 for a blank");
        }
    }
}
