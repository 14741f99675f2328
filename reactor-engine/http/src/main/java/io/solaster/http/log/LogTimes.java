package io.solaster.http.log;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** The time of day as access logs have it, made once a second. One thread. */
final class LogTimes {
    private static final DateTimeFormatter COMMON = DateTimeFormatter.ofPattern("dd/MMM/yyyy:HH:mm:ss Z", Locale.US)
            .withZone(ZoneOffset.UTC);
    private static final DateTimeFormatter ISO = DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss", Locale.US)
            .withZone(ZoneOffset.UTC);
    private static final int SECOND = 1000;

    private final boolean iso;
    private long second = Long.MIN_VALUE;
    private byte[] text = new byte[0];

    /** @param iso whether as ISO 8601, with milliseconds; else as the common log format has it */
    LogTimes(boolean iso) {
        this.iso = iso;
    }

    void put(long epochMillis, LogLines to) {
        long now = Math.floorDiv(epochMillis, SECOND);
        if (now != second) {
            second = now;
            text = (iso ? ISO : COMMON).format(Instant.ofEpochSecond(now)).getBytes(StandardCharsets.US_ASCII);
        }
        to.put(text);
        if (iso) {
            to.put('.').digits(Math.floorMod(epochMillis, SECOND), 3).put('Z');
        }
    }
}
