package io.solaster.http.files;

import java.util.Date;

import io.netty.handler.codec.DateFormatter;
import org.jspecify.annotations.Nullable;

/** Dates as headers have them, in milliseconds. */
final class HttpDates {
    static final long NONE = -1;

    private HttpDates() {}

    @SuppressWarnings("JavaUtilDate") // Netty's formatter takes no other
    static String format(long millis) {
        return DateFormatter.format(new Date(millis));
    }

    /** {@link #NONE} if it is no date, or missing. */
    @SuppressWarnings("JavaUtilDate")
    static long parse(@Nullable String header) {
        Date date = header == null ? null : DateFormatter.parseHttpDate(header);
        return date == null ? NONE : date.getTime();
    }
}
