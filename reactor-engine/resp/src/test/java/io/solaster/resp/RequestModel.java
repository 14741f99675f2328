package io.solaster.resp;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** What the decoder should do, written down the plain way: from the start each time, with strings, one byte a char. */
final class RequestModel {
    private static final Pattern NUMBER = Pattern.compile("0|-?[1-9][0-9]{0,18}");

    /** What came of a decode; 0 consumed bytes mean that more are needed, -1 an error. */
    record Outcome(int consumed, List<String> arguments, String error) {
        static final Outcome MORE = new Outcome(0, List.of(), "");

        static Outcome error(String what) {
            return new Outcome(-1, List.of(), "Protocol error: " + what);
        }
    }

    private final RequestLimits limits;
    private final boolean authenticated;

    RequestModel(RequestLimits limits, boolean authenticated) {
        this.limits = limits;
        this.authenticated = authenticated;
    }

    Outcome decode(byte[] bytes, int from, int to) {
        String in = new String(bytes, from, to - from, StandardCharsets.ISO_8859_1);
        if (in.isEmpty()) {
            return Outcome.MORE;
        }
        return in.charAt(0) == '*' ? multibulk(in) : inline(in);
    }

    private Outcome multibulk(String in) {
        int end = find(in, 0, '\r');
        if (end < 0) {
            return in.length() > limits.maxInline() ? Outcome.error("too big mbulk count string") : Outcome.MORE;
        }
        if (end + 2 > in.length()) {
            return Outcome.MORE;
        }
        Long count = number(in.substring(1, end));
        if (count == null || count > limits.maxArguments()) {
            return Outcome.error("invalid multibulk length");
        }
        if (count > 10 && !authenticated) {
            return Outcome.error("unauthenticated multibulk length");
        }
        int at = end + 2;
        List<String> arguments = new ArrayList<>();
        for (long i = 0; i < count; i++) {
            end = find(in, at, '\r');
            if (end < 0) {
                return in.length() - at > limits.maxInline()
                        ? Outcome.error("too big bulk count string")
                        : Outcome.MORE;
            }
            if (end + 2 > in.length()) {
                return Outcome.MORE;
            }
            char type = in.charAt(at);
            if (type != '$') {
                return Outcome.error("expected '$', got '" + (type == '\r' || type == '\n' ? ' ' : type) + "'");
            }
            Long length = number(in.substring(at + 1, end));
            if (length == null || length < 0 || length > limits.maxBulk()) {
                return Outcome.error("invalid bulk length");
            }
            if (length > 16384 && !authenticated) {
                return Outcome.error("unauthenticated bulk length");
            }
            at = end + 2;
            if (in.length() < at + length + 2) {
                return Outcome.MORE;
            }
            arguments.add(in.substring(at, (int) (at + length)));
            at += (int) (length + 2);
        }
        return new Outcome(at, arguments, "");
    }

    private Outcome inline(String in) {
        int end = find(in, 0, '\n');
        if (end < 0) {
            return in.length() > limits.maxInline() ? Outcome.error("too big inline request") : Outcome.MORE;
        }
        if (end > limits.maxInline()) {
            return Outcome.error("too big inline request");
        }
        String line = in.substring(0, end);
        List<String> words = split(line.endsWith("\r") ? line.substring(0, end - 1) : line);
        if (words == null) {
            return Outcome.error("unbalanced quotes in request");
        }
        return words.size() > limits.maxArguments()
                ? Outcome.error("invalid multibulk length")
                : new Outcome(end + 1, words, "");
    }

    private static List<String> split(String line) {
        List<String> words = new ArrayList<>();
        String rest = line;
        while (true) {
            rest = rest.replaceFirst("^[ \\t-\\r]+", "");
            if (rest.isEmpty()) {
                return words;
            }
            StringBuilder word = new StringBuilder();
            while (!rest.isEmpty() && " \t\r\"'".indexOf(rest.charAt(0)) < 0) {
                word.append(rest.charAt(0));
                rest = rest.substring(1);
            }
            if (rest.startsWith("\"")) {
                rest = rest.substring(1);
                while (!rest.startsWith("\"")) {
                    if (rest.isEmpty()) {
                        return null;
                    }
                    int taken = 1;
                    if (rest.matches("(?s)\\\\x[0-9a-fA-F]{2}.*")) {
                        word.append((char) Integer.parseInt(rest.substring(2, 4), 16));
                        taken = 4;
                    } else if (rest.length() > 1 && rest.charAt(0) == '\\') {
                        int special = "nrtba".indexOf(rest.charAt(1));
                        word.append(special < 0 ? rest.charAt(1) : "\n\r\t\b\007".charAt(special));
                        taken = 2;
                    } else {
                        word.append(rest.charAt(0));
                    }
                    rest = rest.substring(taken);
                }
                rest = rest.substring(1);
                if (!rest.matches("(?s)([ \\t-\\r].*)?")) {
                    return null;
                }
            } else if (rest.startsWith("'")) {
                rest = rest.substring(1);
                while (!rest.startsWith("'")) {
                    if (rest.isEmpty()) {
                        return null;
                    }
                    boolean escaped = rest.startsWith("\\'");
                    word.append(escaped ? '\'' : rest.charAt(0));
                    rest = rest.substring(escaped ? 2 : 1);
                }
                rest = rest.substring(1);
                if (!rest.matches("(?s)([ \\t-\\r].*)?")) {
                    return null;
                }
            }
            words.add(word.toString());
        }
    }

    private static int find(String in, int from, char what) {
        int at = in.indexOf(what, from);
        int nul = in.indexOf('\0', from);
        return nul >= 0 && nul < at ? -1 : at;
    }

    private static Long number(String text) {
        if (!NUMBER.matcher(text).matches()) {
            return null;
        }
        try {
            return Long.valueOf(text);
        } catch (NumberFormatException _) {
            return null;
        }
    }
}
