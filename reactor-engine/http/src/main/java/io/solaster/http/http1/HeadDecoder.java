package io.solaster.http.http1;

import static io.solaster.engine.memory.Memory.getByte;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.solaster.engine.memory.Memory;
import io.solaster.http.exchange.RequestHead;
import io.solaster.http.exchange.Targets;
import io.solaster.http.route.Target;
import io.solaster.http.wire.Ascii;
import io.solaster.http.wire.HeadMemory;
import io.solaster.http.wire.Hosts;
import io.solaster.http.wire.HttpLimits;
import org.jspecify.annotations.Nullable;

/**
 * Reads the head of one request where the received bytes lie, as RFC 9112 has it and as strictly as it allows: whatever
 * a proxy in front could read in another way is refused. A header is an offset and a length; a string is made only for
 * who asks for one.
 *
 * <p>
 * What it says depends on the bytes alone and not on how they were cut: an error is told at the first byte that makes
 * one. A head that comes in pieces is read line by line; only the line under way is read again. On the owning shard.
 *
 * <p>
 * Longer than 500 lines because one grammar is read in one pass: each line changes what the next may say, and nothing of
 * that is good for anybody else.
 */
public final class HeadDecoder implements RequestHead, Targets.Line {
    static final int MORE = 0;
    static final int FAILED = -1;

    /** Offset and length of the name, offset and length of the value. */
    private static final int FIELD = 4;
    private static final int FEW = 16 * FIELD;
    /** {@code HTTP/1.1 CR LF}. */
    private static final int VERSION = 10;
    private static final String LIKE_A_VERSION = "HTTP/1.1\r\n";
    private static final int MAJOR = 5;
    private static final int MINOR = 7;
    private static final long HTTP_1_1 = Ascii.word("HTTP/1.1");
    private static final long HTTP_1_0 = Ascii.word("HTTP/1.0");
    private static final int GET = (int) Ascii.word("GET ");
    /** Of a colon and a port that is surely none too large. */
    private static final int PORT_DIGITS = 5;

    private long base;
    /** The head's bytes once they are kept beyond the batch they came in; else they lie at {@link #base}. */
    private byte @Nullable [] kept;
    private int length;
    /** Where the line under way begins; 0 while that is the request line. */
    private int line;
    private int headersAt;

    private HttpMethod method = HttpMethod.GET;
    private int targetAt;
    private int targetLength;
    private int authorityAt;
    private int authorityLength;
    private boolean http10;
    private int[] fields = HeadMemory.NO_FIELDS;
    private int count;

    private int hosts;
    private long contentLength;
    private boolean codings;
    private boolean chunked;
    private boolean closes;
    private boolean keepsAlive;
    private boolean upgrades;
    private boolean connects;
    private boolean expects;
    private boolean expectsOther;

    private HttpResponseStatus status = HttpResponseStatus.BAD_REQUEST;
    private String message = "";

    public HeadDecoder() {
        clear();
    }

    @Override
    public boolean isOfStream() {
        return false;
    }

    @Override
    public void take(HeadMemory memory) {
        fields = memory.fields;
    }

    /** From here on it has no headers. */
    @Override
    public void give(HeadMemory memory) {
        memory.fields = fields;
        fields = HeadMemory.NO_FIELDS;
        count = 0;
    }

    /** Forgets everything, for the next request. */
    @Override
    public void clear() {
        kept = null;
        line = 0;
        targetAt = 0;
        targetLength = 0;
        count = 0;
        hosts = 0;
        contentLength = -1;
        codings = false;
        chunked = false;
        closes = false;
        keepsAlive = false;
        upgrades = false;
        connects = false;
        expects = false;
        expectsOther = false;
        authorityLength = -1;
    }

    /**
     * Reads on.
     *
     * @param address where the request's first byte lies; what is read from here is valid while the bytes stay there
     * @param available how many bytes there are; the next call must be given the same ones and more behind them
     * @return the length of the head once it is whole; {@link #MORE} if it is not; {@link #FAILED} if it never will be,
     *         and {@link #status} and {@link #message} say why
     */
    int decode(long address, int available, HttpLimits limits) {
        base = address;
        if (line == 0) {
            int end = requestLine(address, available, limits);
            if (end <= 0) {
                return end;
            }
            line = end;
            headersAt = end;
        }
        int limit = headersAt + limits.maxHeaderSize();
        int stop = Math.min(available, limit);
        while (line < stop) {
            byte first = getByte(address + line);
            if (first == '\r') {
                if (line + 1 < stop) {
                    return end(address);
                }
                break;
            }
            int next = field(address, line, stop, limits);
            if (next <= 0) {
                if (next == FAILED) {
                    return FAILED;
                }
                break;
            }
            line = next;
        }
        return available >= limit
                ? fail(HttpResponseStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                        "headers of more than " + limits.maxHeaderSize() + " bytes")
                : MORE;
    }

    private int requestLine(long address, int available, HttpLimits limits) {
        int at = 0;
        if (available > 0 && getByte(address) == '\r') {
            // What some clients send behind a body.
            if (available == 1) {
                return MORE;
            }
            if (getByte(address + 1) != '\n') {
                return fail("a CR without LF");
            }
            at = 2;
        }
        int target;
        if (available - at >= 4 && Memory.littleEndian(Memory.getInt(address + at)) == GET) {
            method = HttpMethod.GET;
            target = at + 4;
        } else {
            int end = method(address, at, available);
            if (end <= 0) {
                return end;
            }
            target = end + 1;
        }
        int stop = (int) Math.min(available, target + limits.maxTarget() + 1L);
        int end = Ascii.endOfTarget(address, target, stop);
        if (end - target > limits.maxTarget()) {
            return fail(HttpResponseStatus.REQUEST_URI_TOO_LONG,
                    "a target of more than " + limits.maxTarget() + " bytes");
        }
        if (end == available) {
            return MORE;
        }
        if (getByte(address + end) != ' ') {
            return fail("a request line that is not 'method target version'");
        }
        if (!target(address, target, end)) {
            return FAILED;
        }
        return version(address, end + 1, available);
    }

    /** The end of the method. */
    private int method(long address, int from, int available) {
        int stop = Math.min(available, from + LONGEST_METHOD + 1);
        int at = from;
        while (at < stop && Ascii.isToken(getByte(address + at))) {
            at++;
        }
        if (at - from > LONGEST_METHOD) {
            return fail(HttpResponseStatus.NOT_IMPLEMENTED,
                    "a method of more than " + LONGEST_METHOD + " characters");
        }
        if (at == available) {
            return MORE;
        }
        if (at == from || getByte(address + at) != ' ') {
            return fail("a request line that does not begin with a method");
        }
        method = named(address, from, at - from);
        return at;
    }

    private HttpMethod named(long address, int from, int size) {
        return switch (getByte(address + from)) {
            case 'P' -> is(address, from, size, "POST")
                    ? HttpMethod.POST
                    : is(address, from, size, "PUT")
                            ? HttpMethod.PUT
                            : is(address, from, size, "PATCH") ? HttpMethod.PATCH : other(address, from, size);
            case 'H' -> is(address, from, size, "HEAD") ? HttpMethod.HEAD : other(address, from, size);
            case 'D' -> is(address, from, size, "DELETE") ? HttpMethod.DELETE : other(address, from, size);
            case 'O' -> is(address, from, size, "OPTIONS") ? HttpMethod.OPTIONS : other(address, from, size);
            default -> other(address, from, size);
        };
    }

    private HttpMethod other(long address, int from, int size) {
        HttpMethod other = HttpMethod.valueOf(latin1(address, from, size));
        connects = other.equals(HttpMethod.CONNECT);
        return other;
    }

    private static boolean is(long address, int from, int size, String name) {
        if (size != name.length()) {
            return false;
        }
        for (int i = 0; i < size; i++) {
            if (getByte(address + from + i) != name.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /** Whether the target has one of the four forms of RFC 9112, 3.2, and the one that its method asks for. */
    private boolean target(long address, int from, int end) {
        targetAt = from;
        targetLength = end - from;
        if (targetLength == 0) {
            fail("no target");
            return false;
        }
        if (connects) {
            // Only proxies connect, and this is none.
            fail(HttpResponseStatus.NOT_IMPLEMENTED, "CONNECT is for proxies");
            return false;
        }
        byte first = getByte(address + from);
        if (first == '/' || first == '*' && targetLength == 1 && method.equals(HttpMethod.OPTIONS)) {
            return true;
        }
        int authority = scheme(address, from, end);
        int stop = authority;
        while (stop < end && getByte(address + stop) != '/' && getByte(address + stop) != '?') {
            stop++;
        }
        if (authority < 0 || stop == authority || !isHost(address, authority, stop)) {
            fail("a target that is neither a path nor a URI with a host");
            return false;
        }
        authorityAt = authority;
        authorityLength = stop - authority;
        return true;
    }

    /** Where the authority of an absolute URI begins; -1 if it is none. */
    private static int scheme(long address, int from, int end) {
        for (String scheme : SCHEMES) {
            if (end - from >= scheme.length() && sameLower(address, from, scheme)) {
                return from + scheme.length();
            }
        }
        return -1;
    }

    private static final String[] SCHEMES = {"http://", "https://"};

    private int version(long address, int at, int available) {
        if (available - at < VERSION) {
            return mayBeVersion(address, at, available)
                    ? MORE
                    : fail("a request line that does not end with a version and CR LF");
        }
        long version = Memory.littleEndian(Memory.getLong(address + at));
        if (getByte(address + at + 8) != '\r' || getByte(address + at + 9) != '\n') {
            return fail("a request line that does not end with a version and CR LF");
        }
        if (version == HTTP_1_1) {
            http10 = false;
            return at + VERSION;
        }
        if (version == HTTP_1_0) {
            http10 = true;
            return at + VERSION;
        }
        byte major = (byte) (version >>> 40);
        byte minor = (byte) (version >>> 56);
        if ((version & 0xFF00FFFFFFFFFFL) != (HTTP_1_1 & 0xFF00FFFFFFFFFFL) || !Ascii.isDigit(major)
                || !Ascii.isDigit(minor)) {
            return fail("a request line that does not end with a version and CR LF");
        }
        if (major != '1') {
            return fail(HttpResponseStatus.HTTP_VERSION_NOT_SUPPORTED, "a version other than HTTP/1.1 and HTTP/1.0");
        }
        http10 = false;
        return at + VERSION;
    }

    /** Whether what there is may become a version: if not, there is no need to wait for the rest of it. */
    private static boolean mayBeVersion(long address, int from, int available) {
        for (int i = 0; from + i < available; i++) {
            byte b = getByte(address + from + i);
            if (i == MAJOR || i == MINOR ? !Ascii.isDigit(b) : b != LIKE_A_VERSION.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /** Reads one header; the beginning of the next line, or {@link #MORE}. */
    private int field(long address, int from, int stop, HttpLimits limits) {
        int at = from;
        while (at < stop && Ascii.isToken(getByte(address + at))) {
            at++;
        }
        if (at == stop) {
            return MORE;
        }
        byte b = getByte(address + at);
        if (b != ':' || at == from) {
            return fail(at == from && isBlank(b)
                    ? "a header that goes on in the next line"
                    : "a header's name that is none, or with a blank behind it");
        }
        int nameEnd = at;
        at++;
        while (at < stop && isBlank(getByte(address + at))) {
            at++;
        }
        int value = at;
        at = Ascii.endOfValue(address, at, stop);
        if (at == stop) {
            return MORE;
        }
        if (getByte(address + at) != '\r') {
            return fail("a control character or a line that ends with LF alone");
        }
        if (at + 1 == stop) {
            return MORE;
        }
        if (getByte(address + at + 1) != '\n') {
            return fail("a CR without LF");
        }
        int end = at;
        while (end > value && isBlank(getByte(address + end - 1))) {
            end--;
        }
        if (count == limits.maxHeaders()) {
            return fail(HttpResponseStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                    "more than " + limits.maxHeaders() + " headers");
        }
        int i = FIELD * count++;
        if (i == fields.length) {
            fields = Arrays.copyOf(fields, Math.max(FEW, 2 * i));
        }
        fields[i] = from;
        fields[i + 1] = nameEnd - from;
        fields[i + 2] = value;
        fields[i + 3] = end - value;
        return special(address, from, nameEnd - from, value, end) ? at + 2 : FAILED;
    }

    /** Looks at the headers that say where a request ends, and what becomes of the connection. */
    private boolean special(long address, int name, int size, int value, int end) {
        switch (size) {
            case 4 -> {
                if (sameLower(address, name, "host")) {
                    return host(address, value, end);
                }
            }
            case 6 -> {
                if (sameLower(address, name, "expect")) {
                    if (end - value == 12 && sameLower(address, value, "100-continue")) {
                        expects = true;
                    } else {
                        expectsOther = true;
                    }
                }
            }
            case 10 -> {
                if (sameLower(address, name, "connection")) {
                    connection(address, value, end);
                }
            }
            case 14 -> {
                if (sameLower(address, name, "content-length")) {
                    return length(address, value, end);
                }
            }
            case 17 -> {
                if (sameLower(address, name, "transfer-encoding")) {
                    return coding(address, value, end);
                }
            }
            default -> {
                // The others mean nothing to the connection.
            }
        }
        return true;
    }

    private boolean host(long address, int value, int end) {
        if (hosts++ > 0) {
            fail("two Host headers");
            return false;
        }
        if (!isHost(address, value, end)) {
            fail("a Host that is no host");
            return false;
        }
        return true;
    }

    /** Whether these bytes could be a host, and perhaps a port. */
    private static boolean isHost(long address, int from, int end) {
        int at = from;
        while (at < end && Ascii.isInHost(getByte(address + at) & 0xFF)) {
            at++;
        }
        if (at > from && at < end && getByte(address + at) == ':' && end - at <= PORT_DIGITS) {
            do {
                at++;
            } while (at < end && Ascii.isDigit(getByte(address + at)));
        }
        // The usual one is a name, or that and a port of few digits; any other is looked at closer.
        return at == end && end > from || Hosts.isHost(latin1(address, from, end - from));
    }

    private boolean length(long address, int value, int end) {
        if (contentLength >= 0) {
            fail("two Content-Lengths");
            return false;
        }
        int digits = end - value;
        long number = 0;
        for (int at = value; at < end; at++) {
            int digit = getByte(address + at) - '0';
            if (digit < 0 || digit > 9) {
                digits = 0;
                break;
            }
            number = number * 10 + digit;
        }
        if (digits < 1 || digits > MAX_DIGITS) {
            fail("a Content-Length that is no number of at most " + MAX_DIGITS + " digits");
            return false;
        }
        contentLength = number;
        return true;
    }

    private boolean coding(long address, int value, int end) {
        if (codings) {
            fail("two Transfer-Encodings");
            return false;
        }
        codings = true;
        if (end - value == 7 && sameLower(address, value, "chunked")) {
            chunked = true;
            return true;
        }
        String all = latin1(address, value, end - value).toLowerCase(java.util.Locale.ROOT);
        int last = Math.max(all.lastIndexOf(','), Math.max(all.lastIndexOf(' '), all.lastIndexOf('\t')));
        int first = all.indexOf("chunked");
        if (first >= 0 && (first <= last || !all.endsWith("chunked"))) {
            fail("a Transfer-Encoding in which 'chunked' is not the last, or comes twice");
        } else {
            fail(HttpResponseStatus.NOT_IMPLEMENTED, "a Transfer-Encoding other than chunked");
        }
        return false;
    }

    private void connection(long address, int value, int end) {
        int at = value;
        while (at < end) {
            int stop = at;
            while (stop < end && getByte(address + stop) != ',') {
                stop++;
            }
            int from = at;
            int to = stop;
            while (from < to && isBlank(getByte(address + from))) {
                from++;
            }
            while (to > from && isBlank(getByte(address + to - 1))) {
                to--;
            }
            switch (to - from) {
                case 5 -> closes |= sameLower(address, from, "close");
                case 7 -> upgrades |= sameLower(address, from, "upgrade");
                case 10 -> keepsAlive |= sameLower(address, from, "keep-alive");
                default -> {
                    // Names a header that is for us; we take none away.
                }
            }
            at = stop + 1;
        }
    }

    private static boolean isBlank(byte b) {
        return b == ' ' || b == '\t';
    }

    private int end(long address) {
        if (getByte(address + line + 1) != '\n') {
            return fail("a CR without LF");
        }
        if (hosts == 0 && !http10) {
            return fail("no Host header");
        }
        if (codings && http10) {
            return fail("a Transfer-Encoding in HTTP/1.0");
        }
        if (codings && contentLength >= 0) {
            return fail("a Content-Length beside a Transfer-Encoding");
        }
        if (expectsOther) {
            return fail(HttpResponseStatus.EXPECTATION_FAILED, "an Expect other than 100-continue");
        }
        length = line + 2;
        return length;
    }

    private int fail(String what) {
        return fail(HttpResponseStatus.BAD_REQUEST, what);
    }

    private int fail(HttpResponseStatus with, String what) {
        status = with;
        message = what;
        return FAILED;
    }

    /** Whether these bytes, in lower case, are this text; it has been seen that there are as many. */
    private static boolean sameLower(long address, int from, String lowerCase) {
        for (int i = 0; i < lowerCase.length(); i++) {
            if (Ascii.lower(getByte(address + from + i)) != lowerCase.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    private static String latin1(long address, int from, int size) {
        byte[] bytes = new byte[size];
        Memory.copy(address + from, bytes, 0, size);
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    // ---- what was read

    /** What to answer after {@link #FAILED}. */
    HttpResponseStatus status() {
        return status;
    }

    /** What was wrong, after {@link #FAILED}. */
    String message() {
        return message;
    }

    /** Says where the head lies now, if it was moved before it is read from. */
    void moved(long address) {
        base = address;
    }

    /** Keeps the head's bytes, so that those received may go. */
    @Override
    public void keep() {
        if (kept == null) {
            byte[] bytes = new byte[length];
            Memory.copy(base, bytes, 0, length);
            kept = bytes;
        }
    }

    @Override
    public HttpMethod method() {
        return method;
    }

    boolean isHttp10() {
        return http10;
    }

    @Override
    public HttpVersion version() {
        return http10 ? HttpVersion.HTTP_1_0 : HttpVersion.HTTP_1_1;
    }

    @Override
    public Target target(Targets known) {
        return known.of(this);
    }

    /** Where the target lies, unless {@link #keep} was called. */
    @Override
    public long targetAddress() {
        return base + targetAt;
    }

    @Override
    public int targetLength() {
        return targetLength;
    }

    @Override
    public boolean isKept() {
        return kept != null;
    }

    @Override
    public String target() {
        return string(targetAt, targetLength);
    }

    /** How many characters of an absolute target stand before its path; 0 of any other. */
    @Override
    public int beforePath() {
        return authorityLength < 0 ? 0 : authorityAt + authorityLength - targetAt;
    }

    /** -1 where there is none. */
    long contentLength() {
        return contentLength;
    }

    boolean isChunked() {
        return chunked;
    }

    boolean expectsContinue() {
        return expects && !http10;
    }

    @Override
    public boolean upgrades() {
        return upgrades;
    }

    /** Whether the client wants to go on after this request. */
    boolean isKeepAlive() {
        return !closes && (!http10 || keepsAlive);
    }

    @Override
    public int count() {
        return count;
    }

    @Override
    public String name(int i) {
        return string(fields[FIELD * i], fields[FIELD * i + 1]);
    }

    @Override
    public String value(int i) {
        // An absolute target's host is the one that counts: RFC 9112, 3.2.2.
        if (authorityLength >= 0 && is(i, "host")) {
            return string(authorityAt, authorityLength);
        }
        return string(fields[FIELD * i + 2], fields[FIELD * i + 3]);
    }

    @Override
    public int find(CharSequence name, int from) {
        for (int i = from; i < count; i++) {
            if (is(i, name)) {
                return i;
            }
        }
        return -1;
    }

    private boolean is(int i, CharSequence name) {
        int size = fields[FIELD * i + 1];
        if (size != name.length()) {
            return false;
        }
        int at = fields[FIELD * i];
        for (int k = 0; k < size; k++) {
            if (Ascii.lower(byteAt(at + k)) != Ascii.lower(name.charAt(k))) {
                return false;
            }
        }
        return true;
    }

    private byte byteAt(int at) {
        byte[] bytes = kept;
        return bytes == null ? getByte(base + at) : bytes[at];
    }

    private String string(int at, int size) {
        byte[] bytes = kept;
        return bytes == null
                ? latin1(base, at, size)
                : new String(bytes, at, size, StandardCharsets.ISO_8859_1);
    }
}
