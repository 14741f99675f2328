package io.solaster.http.wire;

import io.netty.util.NetUtil;

/** What a client may call the server: a name or an address, and perhaps a port; with nobody's name before it. */
public final class Hosts {
    private static final int MOST_PORT = 65_535;
    private static final int MOST_PORT_DIGITS = 5;

    private Hosts() {}

    /** Whether this could be a host: RFC 3986, and not empty, as RFC 9110, 4.2.1 has it. */
    public static boolean isHost(CharSequence text) {
        int end = text.length();
        int at = text.length() > 0 && text.charAt(0) == '[' ? endOfAddress(text) : endOfName(text);
        return at > 0 && (at == end || text.charAt(at) == ':' && isPort(text, at + 1));
    }

    private static int endOfAddress(CharSequence text) {
        int end = 1;
        while (end < text.length() && text.charAt(end) != ']') {
            end++;
        }
        // One with a zone is good on its own machine only.
        String address = text.subSequence(1, end).toString();
        return end < text.length() && address.indexOf('%') < 0 && NetUtil.isValidIpV6Address(address) ? end + 1 : -1;
    }

    private static int endOfName(CharSequence text) {
        int at = 0;
        while (at < text.length()) {
            if (text.charAt(at) == '%') {
                if (at + 2 >= text.length() || Character.digit(text.charAt(at + 1), 16) < 0
                        || Character.digit(text.charAt(at + 2), 16) < 0) {
                    return -1;
                }
                at += 3;
            } else if (Ascii.isInHost(text.charAt(at))) {
                at++;
            } else {
                break;
            }
        }
        return at;
    }

    /** Whether the rest is a port; RFC 3986 lets it be empty. */
    private static boolean isPort(CharSequence text, int from) {
        int port = 0;
        for (int at = from; at < text.length(); at++) {
            char c = text.charAt(at);
            if (c < '0' || c > '9' || at - from >= MOST_PORT_DIGITS) {
                return false;
            }
            port = 10 * port + c - '0';
        }
        return port <= MOST_PORT;
    }
}
