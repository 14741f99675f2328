package io.solaster.http.http2;

import java.util.Arrays;
import java.util.Map;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import io.solaster.http.exchange.RequestHead;
import io.solaster.http.exchange.Targets;
import io.solaster.http.route.Target;
import io.solaster.http.wire.Ascii;
import io.solaster.http.wire.HeaderList;
import io.solaster.http.wire.Hosts;
import io.solaster.http.wire.HttpLimits;
import org.jspecify.annotations.Nullable;

/**
 * The head of a request that came over HTTP/2, held to the rules of RFC 9113, 8.2 and 8.3, and otherwise told as if it had
 * come over HTTP/1: {@code :authority} is the header {@code host}, a cookie that came in crumbs is whole, and what asks for a
 * WebSocket (RFC 8441) is the GET that asks for one there. On the owning shard.
 */
public final class Http2RequestHead implements RequestHead {
    private static final HttpVersion HTTP_2 = new HttpVersion("HTTP", 2, 0, true);
    private static final int ROOM = 16;
    private static final AsciiString HOST = HttpHeaderNames.HOST;
    private static final String WEBSOCKET = "websocket";
    /** Which HTTP/2 has no need of; those who shake hands as over HTTP/1 look for it. */
    private static final String ANY_KEY = "AAAAAAAAAAAAAAAAAAAAAA==";

    private CharSequence[] names = new CharSequence[ROOM];
    private CharSequence[] values = new CharSequence[ROOM];
    private int count;
    private HttpMethod method = HttpMethod.GET;
    private String path = "";
    private long contentLength = -1;
    private boolean expectsContinue;
    private @Nullable HttpResponseStatus refusal;
    private String message = "";

    private @Nullable CharSequence asked;
    private @Nullable CharSequence scheme;
    private @Nullable CharSequence target;
    private @Nullable CharSequence authority;
    private @Nullable CharSequence protocol;
    private boolean upgrades;
    private int cookie = -1;
    private int host = -1;

    @Override
    public boolean isOfStream() {
        return true;
    }

    @Override
    public void clear() {
        Arrays.fill(names, 0, count, "");
        Arrays.fill(values, 0, count, "");
        count = 0;
        contentLength = -1;
        expectsContinue = false;
        refusal = null;
        path = "";
        asked = null;
        scheme = null;
        target = null;
        authority = null;
        protocol = null;
        upgrades = false;
        cookie = -1;
        host = -1;
    }

    /** It has bytes of its own. */
    @Override
    public void keep() {}

    /**
     * Takes a head.
     *
     * @return what is wrong with it, for which the stream is to be reset; null if nothing, though it may be refused
     */
    @Nullable
    String read(Http2Headers headers, HttpLimits limits) {
        for (Map.Entry<CharSequence, CharSequence> header : headers) {
            String wrong = take(header.getKey(), header.getValue());
            if (wrong != null) {
                return wrong;
            }
        }
        String wrong = pseudo();
        if (wrong == null && refusal == null) {
            limit(limits);
        }
        return wrong;
    }

    private @Nullable String take(CharSequence name, CharSequence value) {
        if (name.length() == 0) {
            return "a header without a name";
        }
        if (!isValue(value)) {
            return "a value with a control character in it, or a blank at an end";
        }
        if (name.charAt(0) == ':') {
            return takePseudo(name, value);
        }
        switch (name.length()) {
            case 4 -> {
                if (HeaderList.same(name, HOST)) {
                    if (host >= 0) {
                        return "two Host headers";
                    }
                    host = count;
                }
            }
            case 6 -> {
                if (HeaderList.same(name, HttpHeaderNames.COOKIE)) {
                    if (cookie >= 0) {
                        crumb(value);
                        return null;
                    }
                    cookie = count;
                } else if (HeaderList.same(name, HttpHeaderNames.EXPECT)) {
                    expect(value);
                }
            }
            case 14 -> {
                if (HeaderList.same(name, HttpHeaderNames.CONTENT_LENGTH)) {
                    return takeLength(name, value);
                }
            }
            default -> {
                // The others mean nothing to the stream.
            }
        }
        add(name, value);
        return null;
    }

    private @Nullable String takePseudo(CharSequence name, CharSequence value) {
        CharSequence before = null;
        if (HeaderList.same(name, Http2Headers.PseudoHeaderName.METHOD.value())) {
            before = asked;
            asked = value;
        } else if (HeaderList.same(name, Http2Headers.PseudoHeaderName.PATH.value())) {
            before = target;
            target = value;
        } else if (HeaderList.same(name, Http2Headers.PseudoHeaderName.SCHEME.value())) {
            before = scheme;
            scheme = value;
        } else if (HeaderList.same(name, Http2Headers.PseudoHeaderName.AUTHORITY.value())) {
            before = authority;
            authority = value;
        } else if (HeaderList.same(name, Http2Headers.PseudoHeaderName.PROTOCOL.value())) {
            before = protocol;
            protocol = value;
        } else {
            return "the pseudo-header " + name;
        }
        return before == null ? null : "two of the pseudo-header " + name;
    }

    private @Nullable String takeLength(CharSequence name, CharSequence value) {
        if (contentLength >= 0) {
            return "two Content-Lengths";
        }
        int digits = value.length();
        long number = 0;
        for (int i = 0; i < value.length(); i++) {
            int digit = value.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                digits = 0;
                break;
            }
            number = number * 10 + digit;
        }
        if (digits < 1 || digits > MAX_DIGITS) {
            return "a Content-Length that is no number of at most " + MAX_DIGITS + " digits";
        }
        contentLength = number;
        add(name, value);
        return null;
    }

    private void expect(CharSequence value) {
        if (HeaderList.same(value, "100-continue")) {
            expectsContinue = true;
        } else {
            refuse(HttpResponseStatus.EXPECTATION_FAILED, "an Expect other than 100-continue");
        }
    }

    /** Puts a piece of a cookie to those before it. */
    private void crumb(CharSequence value) {
        CharSequence before = values[cookie];
        StringBuilder whole = before instanceof StringBuilder builder
                ? builder
                : new StringBuilder(before.length() + 2 + value.length()).append(before);
        values[cookie] = whole.append("; ").append(value);
    }

    private void add(CharSequence name, CharSequence value) {
        if (count == names.length) {
            names = Arrays.copyOf(names, 2 * count);
            values = Arrays.copyOf(values, 2 * count);
        }
        names[count] = name;
        values[count++] = value;
    }

    private @Nullable String pseudo() {
        CharSequence verb = asked;
        if (verb == null || !isToken(verb)) {
            return "no :method";
        }
        if (verb.length() > LONGEST_METHOD) {
            refuse(HttpResponseStatus.NOT_IMPLEMENTED,
                    "a method of more than " + LONGEST_METHOD + " characters");
        }
        method = HttpMethod.valueOf(verb.toString());
        boolean connects = method.equals(HttpMethod.CONNECT);
        if (protocol != null && !connects) {
            return "a :protocol without CONNECT";
        }
        if (connects && protocol == null) {
            // Only proxies connect, and this is none.
            refuse(HttpResponseStatus.NOT_IMPLEMENTED, "CONNECT is for proxies");
            return null;
        }
        CharSequence asksFor = target;
        if (asksFor == null || !isTarget(asksFor)) {
            return "no :path, or one that is none";
        }
        CharSequence by = scheme;
        if (by == null || !HeaderList.same(by, "http") && !HeaderList.same(by, "https")) {
            return "no :scheme, or neither http nor https";
        }
        path = asksFor.toString();
        return protocol == null ? host() : connect(protocol);
    }

    private @Nullable String connect(CharSequence to) {
        if (contentLength >= 0) {
            return "a Content-Length with CONNECT";
        }
        if (!HeaderList.same(to, WEBSOCKET)) {
            refuse(HttpResponseStatus.NOT_IMPLEMENTED, "a :protocol other than websocket");
            return host();
        }
        upgrades = true;
        method = HttpMethod.GET;
        add(HttpHeaderNames.CONNECTION, "Upgrade");
        add(HttpHeaderNames.UPGRADE, WEBSOCKET);
        if (find(HttpHeaderNames.SEC_WEBSOCKET_KEY, 0) < 0) {
            add(HttpHeaderNames.SEC_WEBSOCKET_KEY, ANY_KEY);
        }
        return host();
    }

    /** What the client calls the server is the header Host, whichever way it said so; it must not say two things. */
    private @Nullable String host() {
        CharSequence name = authority;
        if (name == null) {
            return host < 0
                    ? "neither :authority nor Host"
                    : Hosts.isHost(values[host]) ? null : "a Host that is no host";
        }
        if (!Hosts.isHost(name)) {
            return "an :authority that is no host";
        }
        if (host < 0) {
            add(HOST, name);
            return null;
        }
        return HeaderList.same(values[host], name) ? null : "a Host other than :authority";
    }

    private void limit(HttpLimits limits) {
        if (path.length() > limits.maxTarget()) {
            refuse(HttpResponseStatus.REQUEST_URI_TOO_LONG,
                    "a target of more than " + limits.maxTarget() + " bytes");
        } else if (count > limits.maxHeaders()) {
            refuse(HttpResponseStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                    "more than " + limits.maxHeaders() + " headers");
        }
    }

    private void refuse(HttpResponseStatus with, String what) {
        refusal = with;
        message = what;
    }

    private static boolean isToken(CharSequence text) {
        for (int i = 0; i < text.length(); i++) {
            if (!Ascii.isToken(text.charAt(i))) {
                return false;
            }
        }
        return text.length() > 0;
    }

    /** RFC 9113, 8.2.1, and as strict with other control characters as HTTP/1 is. */
    static boolean isValue(CharSequence text) {
        int last = text.length() - 1;
        if (last >= 0 && (isBlank(text.charAt(0)) || isBlank(text.charAt(last)))) {
            return false;
        }
        for (int i = 0; i <= last; i++) {
            char c = text.charAt(i);
            if (c < 0x20 && c != '\t' || c == 0x7F) {
                return false;
            }
        }
        return true;
    }

    private static boolean isBlank(char c) {
        return c == ' ' || c == '\t';
    }

    private boolean isTarget(CharSequence text) {
        int length = text.length();
        if (length == 0 || text.charAt(0) != '/'
                && !(length == 1 && text.charAt(0) == '*' && method.equals(HttpMethod.OPTIONS))) {
            return false;
        }
        for (int i = 0; i < length; i++) {
            if (!Ascii.isInTarget(text.charAt(i))) {
                return false;
            }
        }
        return true;
    }

    // ---- what was read

    /** What to answer instead of asking the handler; null for nothing. */
    @Nullable
    HttpResponseStatus refusal() {
        return refusal;
    }

    /** Why. */
    String message() {
        return message;
    }

    /** -1 where there is none. */
    long contentLength() {
        return contentLength;
    }

    boolean expectsContinue() {
        return expectsContinue;
    }

    @Override
    public HttpMethod method() {
        return method;
    }

    @Override
    public HttpVersion version() {
        return HTTP_2;
    }

    @Override
    public Target target(Targets known) {
        return known.of(path);
    }

    @Override
    public boolean upgrades() {
        return upgrades;
    }

    @Override
    public int count() {
        return count;
    }

    @Override
    public String name(int i) {
        return names[i].toString();
    }

    @Override
    public String value(int i) {
        return values[i].toString();
    }

    @Override
    public int find(CharSequence name, int from) {
        for (int i = from; i < count; i++) {
            if (HeaderList.same(names[i], name)) {
                return i;
            }
        }
        return -1;
    }
}
