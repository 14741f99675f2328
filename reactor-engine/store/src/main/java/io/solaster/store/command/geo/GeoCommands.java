package io.solaster.store.command.geo;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

import io.solaster.resp.ReplyWriter;
import io.solaster.store.collection.SortedSets;
import io.solaster.store.command.collection.Floats;
import io.solaster.store.command.collection.ManyArguments;
import io.solaster.store.command.collection.SortedSetCommands;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import org.jspecify.annotations.Nullable;

/** Commands on single places. */
public final class GeoCommands {
    static final String WRONG_UNIT = "ERR unsupported unit provided. please use M, KM, FT, MI";

    private static final String DIGITS = "0123456789bcdefghjkmnpqrstuvwxyz";
    private static final int CHARACTERS = 11;
    /** Latitudes of geohashes that others read end at the poles. */
    private static final double POLE = 90;
    private static final int MOST_DIGITS = 17;

    private GeoCommands() {}

    public static void geoadd(CommandCall call) {
        int options = 0;
        int first = 2;
        for (int option = option(call, first); option != 0; option = option(call, ++first)) {
            options |= option;
        }
        int words = call.count() - first;
        if (words == 0 || words % 3 != 0
                || (options & SortedSetCommands.NX) != 0 && (options & SortedSetCommands.XX) != 0) {
            call.reply().error(Errors.SYNTAX);
            return;
        }
        SortedSetCommands.add(call, options, first, 3, CELLS);
    }

    private static final SortedSetCommands.Scores CELLS = new SortedSetCommands.Scores() {
        @Override
        public @Nullable String wrong(CommandCall call, int argument) {
            return wrongPlace(call, argument);
        }

        @Override
        public double of(CommandCall call, int argument) {
            return Cell.of(Floats.parse(call, argument), Floats.parse(call, argument + 1), Cell.STEPS);
        }
    };

    private static int option(CommandCall call, int i) {
        if (i >= call.count()) {
            return 0;
        }
        return call.is(i, "nx")
                ? SortedSetCommands.NX
                : call.is(i, "xx") ? SortedSetCommands.XX : call.is(i, "ch") ? SortedSetCommands.CH : 0;
    }

    /** Why an argument and the next one are no longitude and latitude, in Redis's words; null if they are. */
    static @Nullable String wrongPlace(CommandCall call, int argument) {
        double longitude = Floats.parse(call, argument);
        double latitude = Floats.parse(call, argument + 1);
        if (Double.isNaN(longitude) || Double.isNaN(latitude)) {
            return Errors.NOT_FLOAT;
        }
        return Cell.isPlace(longitude, latitude)
                ? null
                : "ERR invalid longitude,latitude pair " + sixDigits(longitude) + "," + sixDigits(latitude);
    }

    private static String sixDigits(double value) {
        return Double.isInfinite(value) ? value < 0 ? "-inf" : "inf" : String.format(Locale.ROOT, "%.6f", value);
    }

    /** How many meters a unit has; -1 if there is no such unit. */
    static double meters(CommandCall call, int argument) {
        return call.is(argument, "m")
                ? 1
                : call.is(argument, "km")
                        ? 1000
                        : call.is(argument, "ft") ? 0.3048 : call.is(argument, "mi") ? 1609.34 : -1;
    }

    public static void geodist(CommandCall call) {
        ReplyWriter reply = call.reply();
        if (call.count() > 5) {
            reply.error(Errors.SYNTAX);
            return;
        }
        double unit = call.count() == 5 ? meters(call, 4) : 1;
        if (unit < 0) {
            reply.error(WRONG_UNIT);
            return;
        }
        SortedSets set = SortedSetCommands.set(call, true);
        if (set == null) {
            return;
        }
        if (!set.find(call.address(2), call.length(2))) {
            reply.nullValue();
            return;
        }
        double first = set.score();
        if (!set.find(call.address(3), call.length(3))) {
            reply.nullValue();
            return;
        }
        double second = set.score();
        distance(reply, Earth.distance(Cell.longitude(first), Cell.latitude(first), Cell.longitude(second),
                Cell.latitude(second)) / unit);
    }

    static void distance(ReplyWriter reply, double distance) {
        reply.bulk(new BigDecimal(distance).setScale(4, RoundingMode.HALF_EVEN).toPlainString());
    }

    public static void geohash(CommandCall call) {
        SortedSets set = SortedSetCommands.set(call, true);
        if (set == null) {
            return;
        }
        ManyArguments.answerEach(call, its -> SortedSetCommands.set(its, true), 2, GeoCommands::answerHash);
    }

    private static int answerHash(CommandCall call, int member) {
        SortedSets set = call.shard().sortedSets();
        if (set.find(call.address(member), call.length(member))) {
            call.reply().bulk(text(set.score()));
        } else {
            call.reply().nullValue();
        }
        return 1;
    }

    private static String text(double score) {
        long cell = Cell.of(Cell.longitude(score), Cell.latitude(score), POLE, Cell.STEPS);
        StringBuilder text = new StringBuilder(CHARACTERS);
        for (int i = 1; i < CHARACTERS; i++) {
            text.append(DIGITS.charAt((int) (cell >>> 2 * Cell.STEPS - 5 * i) & 31));
        }
        // There are no bits for the last one.
        return text.append('0').toString();
    }

    public static void geopos(CommandCall call) {
        SortedSets set = SortedSetCommands.set(call, true);
        if (set == null) {
            return;
        }
        ManyArguments.answerEach(call, its -> SortedSetCommands.set(its, true), 2, GeoCommands::answerPlace);
    }

    private static int answerPlace(CommandCall call, int member) {
        SortedSets set = call.shard().sortedSets();
        if (set.find(call.address(member), call.length(member))) {
            place(call.reply(), set.score());
        } else {
            call.reply().nullArray();
        }
        return 1;
    }

    static void place(ReplyWriter reply, double score) {
        reply.arrayHeader(2);
        coordinate(reply, Cell.longitude(score));
        coordinate(reply, Cell.latitude(score));
    }

    /** In 17 digits behind the point, without zeros at the end. */
    private static void coordinate(ReplyWriter reply, double value) {
        BigDecimal rounded = new BigDecimal(value).setScale(MOST_DIGITS, RoundingMode.HALF_EVEN).stripTrailingZeros();
        String text = rounded.signum() == 0 ? "0" : rounded.toPlainString();
        if (reply.resp3()) {
            reply.raw((',' + text + "\r\n").getBytes(StandardCharsets.US_ASCII));
        } else {
            reply.bulk(text);
        }
    }
}
