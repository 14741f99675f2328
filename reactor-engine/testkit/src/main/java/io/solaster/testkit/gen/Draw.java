package io.solaster.testkit.gen;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.function.IntConsumer;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

/**
 * Where a property gets its values from. Every value is made of choices: numbers from 0, the simplest, to a bound. They are
 * drawn by a seed and recorded, and {@link Property} makes the record of a failure small: shorter first, then closer to
 * zeros. So zero, false, the first of several, and the empty list are what a value shrinks towards.
 *
 * <p>
 * Being a {@link RandomGenerator}, it can be handed to anything that draws by one. For one thread at a time.
 */
public final class Draw implements RandomGenerator {
    private static final int MOST_CHOICES = 1 << 23;
    private static final long ALL = 0;
    private static final int MOST_TOLD = 500;

    private final @Nullable SplittableRandom random;
    private final long[] given;
    private final int limit;
    private long[] choices = new long[64];
    private int count;
    private boolean overran;

    /** Three numbers a span: its first choice, the one after its last, and how many spans it is within. */
    private int[] spans = new int[48];
    private int spanEnd;
    private int depth;

    private final @Nullable List<String> told;
    private int quiet;

    /** Draws by a seed. */
    Draw(long seed) {
        random = new SplittableRandom(seed);
        given = new long[0];
        limit = MOST_CHOICES;
        told = null;
    }

    /**
     * Draws what was recorded, and zeros after that.
     *
     * @param limit no more choices than that
     * @param tells whether to remember in words what was drawn
     */
    Draw(long[] given, int limit, boolean tells) {
        random = null;
        this.given = given;
        this.limit = limit;
        told = tells ? new ArrayList<>() : null;
    }

    /** Thrown where a test draws without end. Nobody should catch it. */
    static final class Overrun extends Error {
        private static final long serialVersionUID = 1;

        Overrun(int limit) {
            super("more than " + limit + " choices drawn; does something draw in a loop that only chance ends?");
        }
    }

    /** Thrown where what was drawn is none of a test's cases. */
    static final class Rejected extends Error {
        private static final long serialVersionUID = 1;

        Rejected() {
            super("not one of the test's cases", null, false, false);
        }
    }

    /** @param bound positive, or {@link #ALL} for any 64 bits */
    private long choice(long bound) {
        long value;
        if (random != null) {
            value = bound == ALL ? random.nextLong() : random.nextLong(bound);
        } else if (count < given.length) {
            value = bound == ALL || given[count] >= 0 && given[count] < bound ? given[count] : bound - 1;
        } else {
            value = 0;
        }
        return record(value);
    }

    private long record(long value) {
        if (count >= limit) {
            overran = true;
            throw new Overrun(limit);
        }
        if (count == choices.length) {
            choices = Arrays.copyOf(choices, count * 2);
        }
        choices[count++] = value;
        return value;
    }

    @Override
    public boolean nextBoolean() {
        return told(choice(2) == 1);
    }

    @Override
    public int nextInt() {
        return told((int) around(choice(1L << 32), Integer.MIN_VALUE, 1L << 31));
    }

    @Override
    public int nextInt(int bound) {
        return nextInt(0, bound);
    }

    @Override
    public int nextInt(int origin, int bound) {
        return told((int) within(origin, bound));
    }

    @Override
    public long nextLong() {
        long raw = choice(ALL);
        return told(raw >>> 1 ^ -(raw & 1));
    }

    @Override
    public long nextLong(long bound) {
        return nextLong(0, bound);
    }

    @Override
    public long nextLong(long origin, long bound) {
        return told(within(origin, bound));
    }

    private long within(long origin, long bound) {
        long size = bound - origin;
        if (origin >= bound || size < 0) {
            throw new IllegalArgumentException("nothing lies from " + origin + " to before " + bound
                    + ", or more than 2^63 numbers do; give a larger bound after a smaller origin");
        }
        return around(choice(size), origin, bound);
    }

    /** The numbers of a range by their distance from zero. */
    private static long around(long raw, long origin, long bound) {
        if (origin >= 0) {
            return origin + raw;
        }
        if (bound <= 0) {
            return bound - 1 - raw;
        }
        long pairs = Math.min(bound - 1, -origin);
        if (raw <= 2 * pairs) {
            return (raw & 1) == 0 ? raw >>> 1 : -(raw >>> 1) - 1 >= origin ? -(raw >>> 1) - 1 : raw >>> 1;
        }
        return bound - 1 > pairs ? raw - pairs : pairs - raw;
    }

    @Override
    public float nextFloat() {
        return told(choice(1 << 24) * 0x1.0p-24f);
    }

    @Override
    public double nextDouble() {
        return told(choice(1L << 53) * 0x1.0p-53);
    }

    /** One choice, whatever the length; it shrinks towards zeros. */
    @Override
    public void nextBytes(byte[] bytes) {
        long seed = choice(ALL);
        if (seed == 0) {
            Arrays.fill(bytes, (byte) 0);
        } else {
            new SplittableRandom(seed).nextBytes(bytes);
        }
        if (told != null) {
            note(bytes.length + " bytes");
        }
    }

    /** True once in so many times. */
    public boolean oneIn(int times) {
        return told(choice(times) == times - 1);
    }

    /** Any number, the large as rare as the small: of few bits, of many, and often one at which a sum or a size breaks. */
    public long anyLong() {
        quiet++;
        int bits = (int) choice(66);
        long value = bits == 64 ? Long.MAX_VALUE : bits == 65 ? Long.MIN_VALUE : nextLong(1L << Math.min(bits, 62));
        boolean negative = bits > 0 && bits < 64 && nextBoolean();
        quiet--;
        return told(negative ? -value : value);
    }

    /** As {@link #anyLong}. */
    public int anyInt() {
        quiet++;
        int bits = (int) choice(34);
        int value = bits == 32 ? Integer.MAX_VALUE : bits == 33 ? Integer.MIN_VALUE : nextInt(1 << Math.min(bits, 30));
        boolean negative = bits > 0 && bits < 32 && nextBoolean();
        quiet--;
        return told(negative ? -value : value);
    }

    /** One of several. Name the simplest first. */
    @SafeVarargs
    @SuppressWarnings("varargs") // read only
    public final <T extends @Nullable Object> T of(T... values) {
        return of(Arrays.asList(values));
    }

    /** One of several, the simplest first. */
    public <T extends @Nullable Object> T of(List<T> values) {
        return told(values.get((int) choice(values.size())));
    }

    /** A list of at most so many elements. */
    public <T extends @Nullable Object> List<T> list(int most, Function<? super Draw, ? extends T> element) {
        return list(0, most, element);
    }

    /** A list of at least, and at most, so many elements. */
    public <T extends @Nullable Object> List<T> list(int least, int most, Function<? super Draw, ? extends T> element) {
        List<T> list = new ArrayList<>();
        quiet++;
        int size = random == null ? most : random.nextInt(least, most + 1);
        repeat(least, size, most, _ -> list.add(element.apply(this)));
        quiet--;
        return told(list);
    }

    /** At most so many characters of an alphabet, the simplest first. */
    public String string(String alphabet, int most) {
        StringBuilder text = new StringBuilder();
        quiet++;
        int size = random == null ? most : random.nextInt(most + 1);
        repeat(0, size, most, _ -> text.append(alphabet.charAt((int) choice(alphabet.length()))));
        quiet--;
        return told(text.toString());
    }

    /** At most so many bytes, any. */
    public byte[] bytes(int most) {
        byte[] bytes = new byte[(int) choice(most + 1L)];
        nextBytes(bytes);
        return bytes;
    }

    /** A value of another's making, told as one. */
    public <T extends @Nullable Object> T from(Function<? super Draw, ? extends T> generator) {
        quiet++;
        T value = generator.apply(this);
        quiet--;
        return told(value);
    }

    /**
     * Does something so many times, or fewer in a record made small: any of the times can be left out.
     *
     * @param body is given how many came before
     */
    public void repeat(int times, IntConsumer body) {
        repeat(0, times, times, body);
    }

    private void repeat(int least, int size, int most, IntConsumer body) {
        for (int i = 0; i < most; i++) {
            int span = open();
            if (i >= least && (random != null ? record(i < size ? 1 : 0) : choice(2)) == 0) {
                close(span);
                return;
            }
            body.accept(i);
            close(span);
        }
    }

    private int open() {
        if (spanEnd == spans.length) {
            spans = Arrays.copyOf(spans, spanEnd * 2);
        }
        spans[spanEnd] = count;
        spans[spanEnd + 1] = Integer.MAX_VALUE;
        spans[spanEnd + 2] = depth++;
        spanEnd += 3;
        return spanEnd - 3;
    }

    private void close(int span) {
        spans[span + 1] = count;
        depth--;
    }

    /** Goes on only if what was drawn is one of the test's cases. A test that draws mostly others fails. */
    public void assume(boolean isCase) {
        if (!isCase) {
            throw new Rejected();
        }
    }

    /** Adds a line to what a failure tells. What the object says is asked for only then. */
    public void note(Object what) {
        if (told != null && quiet == 0 && told.size() < MOST_TOLD) {
            told.add(String.valueOf(what));
        }
    }

    private <T extends @Nullable Object> T told(T value) {
        if (told != null) {
            note(text(value));
        }
        return value;
    }

    private static String text(@Nullable Object value) {
        return switch (value) {
            case CharSequence characters -> "\"" + characters + "\"";
            case byte[] bytes -> Arrays.toString(bytes);
            case Object[] several -> text(Arrays.asList(several));
            case List<?> several -> several.stream().map(Draw::text).collect(Collectors.joining(", ", "[", "]"));
            case null, default -> String.valueOf(value);
        };
    }

    private boolean told(boolean value) {
        if (told != null) {
            note(value);
        }
        return value;
    }

    private int told(int value) {
        if (told != null) {
            note(value);
        }
        return value;
    }

    private long told(long value) {
        if (told != null) {
            note(value);
        }
        return value;
    }

    private float told(float value) {
        if (told != null) {
            note(value);
        }
        return value;
    }

    private double told(double value) {
        if (told != null) {
            note(value);
        }
        return value;
    }

    /** Tells as one line what a step draws. */
    void step(String name, Step body) {
        int from = told == null ? 0 : told.size();
        try {
            body.run();
        } catch (Exception e) {
            throw Draw.<RuntimeException>asIs(e);
        } finally {
            if (told != null && quiet == 0) {
                List<String> drawn = told.subList(from, told.size());
                String line = drawn.isEmpty() ? name : name + " " + String.join(", ", drawn);
                drawn.clear();
                note(line);
            }
        }
    }

    /** Something that may fail. */
    interface Step {
        void run() throws Exception;
    }

    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"}) // nothing is cast at run time
    private static <E extends Exception> E asIs(Exception e) throws E {
        throw (E) e;
    }

    /** One of several by its weight, told by no line of its own. */
    int weighted(int total) {
        return (int) choice(total);
    }

    /** What was drawn, in words. */
    List<String> told() {
        if (told == null) {
            return List.of();
        }
        return told.size() < MOST_TOLD ? told : Stream.concat(told.stream(), Stream.of("and more")).toList();
    }

    /** Whether it was asked for too much: what failed then, did so for that. */
    boolean overran() {
        return overran;
    }

    /** What was chosen. */
    long[] choices() {
        return Arrays.copyOf(choices, count);
    }

    /** First choices and ends of the spans that lie within so many others, in order, one after the other. */
    int[] spans(int within) {
        int[] found = new int[spanEnd];
        int size = 0;
        for (int span = 0; span < spanEnd; span += 3) {
            if (spans[span + 2] == within) {
                found[size++] = spans[span];
                found[size++] = Math.min(spans[span + 1], count);
            }
        }
        return Arrays.copyOf(found, size);
    }
}
