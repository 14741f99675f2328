package io.solaster.store.type;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

import io.solaster.engine.memory.Memory;
import io.solaster.store.RespClient;
import io.solaster.testkit.gen.Draw;
import io.solaster.testkit.gen.Property;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PackedTest {
    private static final int ROOM = 8 << 20;

    private final long packed = Memory.allocate(ROOM);
    private final long other = Memory.allocate(1 << 20);

    @AfterEach
    void free() {
        Memory.free(packed);
        Memory.free(other);
    }

    private int put(String text) {
        Memory.copy(RespClient.latin1(text), 0, other, text.length());
        return text.length();
    }

    private String text(long element) {
        byte[] bytes = new byte[Packed.length(element)];
        long to = Memory.allocate(bytes.length + 1);
        assertThat(Packed.copy(element, to)).isEqualTo(bytes.length);
        Memory.copy(to, bytes, 0, bytes.length);
        Memory.free(to);
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private void append(String text) {
        int length = put(text);
        int before = Packed.bytes(packed);
        long behind = Packed.insert(packed, Packed.end(packed), other, length);
        assertThat(behind).isEqualTo(Packed.end(packed));
        assertThat(Packed.bytes(packed) - before).isEqualTo(Packed.size(other, length));
    }

    private void check(List<String> model) {
        assertThat(Packed.count(packed)).isEqualTo(model.size());
        long element = Packed.first(packed);
        for (String each : model) {
            assertThat(text(element)).isEqualTo(each);
            element = Packed.next(element);
        }
        assertThat(element).isEqualTo(Packed.end(packed));
        for (String each : model.reversed()) {
            element = Packed.previous(element);
            assertThat(text(element)).isEqualTo(each);
        }
        assertThat(element).isEqualTo(Packed.first(packed));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a", "0", "1", "127", "128", "-1", "-128", "-129", "32767", "32768", "-32769",
            "2147483647", "2147483648", "-2147483649", "9223372036854775807", "-9223372036854775808",
            "9223372036854775808", "007", "+1", "-0", "1.5", " 1"})
    void keepsEveryElementAsItWas(String text) {
        Packed.clear(packed);
        append(text);
        append("x");
        append(text);
        check(List.of(text, "x", text));
        boolean number = text.matches("0|-?[1-9][0-9]{0,18}") && !text.equals("9223372036854775808");
        assertThat(Packed.isNumber(Packed.first(packed))).isEqualTo(number);
        assertThat(Packed.equal(Packed.first(packed), other, put(text))).isTrue();
        assertThat(Packed.equal(Packed.first(packed), other, put("x"))).isFalse();
    }

    @ParameterizedTest
    @ValueSource(ints = {62, 63, 64, 65, 251, 252, 253, 254, 255, 256, 65_534, 65_535, 65_536, 300_000})
    void keepsBytesOfEveryLength(int length) {
        Packed.clear(packed);
        String text = "y".repeat(length);
        append("1");
        append(text);
        append("z");
        check(List.of("1", text, "z"));
        assertThat(Packed.address(Packed.at(packed, 1))).isGreaterThan(Packed.at(packed, 1));
    }

    @Test
    void numbersTakeLittleRoom() {
        assertThat(Packed.numberSize(5)).isEqualTo(2);
        assertThat(Packed.numberSize(-5)).isEqualTo(3);
        assertThat(Packed.numberSize(1_000)).isEqualTo(4);
        assertThat(Packed.numberSize(1_000_000)).isEqualTo(6);
        assertThat(Packed.numberSize(Long.MIN_VALUE)).isEqualTo(10);
        assertThat(Packed.size(other, put("abcdefgh"))).isEqualTo(10);
    }

    @Test
    void keepsDigitsAsBytesWhereAskedTo() {
        Packed.clear(packed);
        int length = put("12345678");
        Packed.insertRaw(packed, Packed.end(packed), other, length);
        assertThat(Packed.isNumber(Packed.first(packed))).isFalse();
        put("87654321");
        Packed.replaceRaw(packed, Packed.first(packed), other, length);
        assertThat(text(Packed.first(packed))).isEqualTo("87654321");
    }

    @Test
    void elementsComeAndGoAtTheBeginningWithoutMovingOthers() {
        long begin = packed + 1000;
        Packed.clear(begin);
        begin = Packed.prepend(begin, other, put("last"));
        begin = Packed.prepend(begin, other, put("300"));
        begin = Packed.prepend(begin, other, put("z".repeat(300)));
        begin = Packed.prepend(begin, other, put(""));
        assertThat(Packed.count(begin)).isEqualTo(4);
        assertThat(Packed.end(begin)).isEqualTo(packed + 1000 + Packed.HEADER);
        assertThat(text(Packed.at(begin, 1))).isEqualTo("z".repeat(300));
        begin = Packed.removeFirst(begin, Packed.at(begin, 2), 2);
        assertThat(Packed.count(begin)).isEqualTo(2);
        assertThat(text(Packed.first(begin))).isEqualTo("300");
        assertThat(text(Packed.last(begin))).isEqualTo("last");
        assertThat(Packed.end(begin)).isEqualTo(packed + 1000 + Packed.HEADER);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void behavesAsAList(int seed) {
        Property.check(seed, 20, draw -> {
            Packed.clear(packed);
            List<String> model = new ArrayList<>();
            draw.repeat(300, _ -> step(draw, model));
            check(model);
        });
    }

    private void step(Draw draw, List<String> model) {
        int index = draw.nextInt(model.size() + 1);
        long at = Packed.at(packed, index);
        boolean there = index < model.size();
        switch (draw.nextInt(there ? 8 : 3)) {
            case 0, 1 -> {
                String text = element(draw);
                Packed.insert(packed, at, other, put(text));
                model.add(index, text);
            }
            case 2 -> {
                long number = draw.anyLong();
                Packed.insertNumber(packed, at, number);
                model.add(index, Long.toString(number));
            }
            case 3 -> {
                String text = element(draw);
                long behind = Packed.replace(packed, at, other, put(text));
                assertThat(behind).isEqualTo(Packed.next(at));
                model.set(index, text);
            }
            case 4 -> {
                Packed.remove(packed, at);
                model.remove(index);
            }
            case 5 -> {
                int count = 1 + draw.nextInt(Math.min(4, model.size() - index));
                Packed.remove(packed, at, Packed.at(packed, index + count), count);
                model.subList(index, index + count).clear();
            }
            case 6 -> {
                int count = Math.min(3, model.size() - index);
                int bytes = (int) (Packed.at(packed, index + count) - at);
                Memory.copy(at, other, bytes);
                Packed.insertElements(packed, at, other, bytes, count);
                model.addAll(index, List.copyOf(model.subList(index, index + count)));
            }
            default -> find(draw, model, index);
        }
    }

    private void find(Draw draw, List<String> model, int from) {
        String text = draw.nextBoolean() ? element(draw) : model.get(draw.nextInt(model.size()));
        int step = 1 + draw.nextInt(2);
        if (step == 2 && (model.size() - from) % 2 != 0) {
            return;
        }
        int expected = -1;
        for (int i = from; i < model.size() && expected < 0; i += step) {
            if (model.get(i).equals(text)) {
                expected = i;
            }
        }
        long found = Packed.find(packed, Packed.at(packed, from), other, put(text), step);
        assertThat(found).isEqualTo(expected < 0 ? 0 : Packed.at(packed, expected));
        long element = Packed.at(packed, from);
        assertThat(Packed.equal(element, other, text.length())).isEqualTo(model.get(from).equals(text));
    }

    private static String element(Draw draw) {
        return switch (draw.nextInt(6)) {
            case 0 -> Long.toString(draw.anyLong());
            case 1 -> Integer.toString(draw.nextInt(300) - 150);
            case 2 -> draw.of("", "a", "-", "01", "-0");
            case 3 -> new String(draw.bytes(400), StandardCharsets.ISO_8859_1);
            default -> new String(draw.bytes(20), StandardCharsets.ISO_8859_1);
        };
    }
}
