package io.solaster.store.rdb;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

import io.solaster.engine.memory.Memory;

/** Writes values as some Redis did once, for tests: by hand, and from nothing but how its formats are described. */
public final class Foreign {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    public static byte[] latin1(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Begins with a value's type. */
    public static Foreign of(int type) {
        return new Foreign().bytes(type);
    }

    public Foreign bytes(int... some) {
        for (int each : some) {
            out.write(each);
        }
        return this;
    }

    public Foreign raw(byte[] some) {
        out.writeBytes(some);
        return this;
    }

    /** A number of so many bytes, the lowest first. */
    public Foreign little(long number, int bytes) {
        for (int i = 0; i < bytes; i++) {
            out.write((int) (number >>> 8 * i));
        }
        return this;
    }

    public Foreign count(long count) {
        if (count >= 0 && count < 64) {
            return bytes((int) count);
        }
        if (count >= 0 && count < 1 << 14) {
            return bytes((int) (count >>> 8) | 0x40, (int) count);
        }
        boolean isLong = count > 0xffff_ffffL || count < 0;
        bytes(isLong ? 0x81 : 0x80);
        for (int shift = isLong ? 56 : 24; shift >= 0; shift -= 8) {
            out.write((int) (count >>> shift));
        }
        return this;
    }

    public Foreign string(byte[] text) {
        return count(text.length).raw(text);
    }

    public Foreign string(String text) {
        return string(latin1(text));
    }

    /** A string that is compressed, though to more than it was: nothing in it is repeated. */
    public Foreign compressed(byte[] text) {
        Foreign packed = new Foreign();
        for (int at = 0; at < text.length; at += 32) {
            int run = Math.min(32, text.length - at);
            packed.bytes(run - 1);
            packed.out.write(text, at, run);
        }
        return bytes(0xc3).count(packed.out.size()).count(text.length).raw(packed.toBytes());
    }

    public byte[] toBytes() {
        return out.toByteArray();
    }

    /** With version and check sum, as a dump. */
    public byte[] dump(int version) {
        little(version, 2);
        return sealed(out.toByteArray());
    }

    /** With the check sum that fits what stands there. */
    public static byte[] sealed(byte[] value) {
        long block = Memory.allocate(Math.max(1, value.length));
        long sum;
        try {
            Memory.copy(value, 0, block, value.length);
            sum = Crc64.of(0, block, value.length);
        } finally {
            Memory.free(block);
        }
        return new Foreign().raw(value).little(sum, 8).toBytes();
    }

    private static boolean isNumber(String text) {
        return text.matches("0|-?[1-9][0-9]{0,17}");
    }

    public static byte[] listpack(List<String> elements) {
        Foreign body = new Foreign();
        for (String each : elements) {
            Foreign element = new Foreign();
            byte[] bytes = latin1(each);
            long number = isNumber(each) ? Long.parseLong(each) : 0;
            if (isNumber(each)) {
                if (number >= 0 && number < 128) {
                    element.bytes((int) number);
                } else if (number >= -4096 && number < 4096) {
                    element.bytes((int) (number >> 8 & 0x1f | 0xc0), (int) number);
                } else if (number == (short) number) {
                    element.bytes(0xf1).little(number, 2);
                } else if (number == number << 40 >> 40) {
                    element.bytes(0xf2).little(number, 3);
                } else if (number == (int) number) {
                    element.bytes(0xf3).little(number, 4);
                } else {
                    element.bytes(0xf4).little(number, 8);
                }
            } else if (bytes.length < 64) {
                element.bytes(0x80 | bytes.length).raw(bytes);
            } else if (bytes.length < 4096) {
                element.bytes(0xe0 | bytes.length >> 8, bytes.length).raw(bytes);
            } else {
                element.bytes(0xf0).little(bytes.length, 4).raw(bytes);
            }
            int length = element.out.size();
            body.raw(element.toBytes());
            if (length <= 127) {
                body.bytes(length);
            } else if (length < 16_383) {
                body.bytes(length >> 7, length & 127 | 128);
            } else {
                body.bytes(length >> 14, length >> 7 & 127 | 128, length & 127 | 128);
            }
        }
        return new Foreign().little(body.out.size() + 7, 4).little(elements.size(), 2).raw(body.toBytes()).bytes(0xff)
                .toBytes();
    }

    public static byte[] ziplist(List<String> elements) {
        Foreign body = new Foreign();
        int before = 0;
        int last = 10;
        for (String each : elements) {
            Foreign element = new Foreign();
            byte[] bytes = latin1(each);
            long number = isNumber(each) ? Long.parseLong(each) : 0;
            if (before < 254) {
                element.bytes(before);
            } else {
                element.bytes(0xfe).little(before, 4);
            }
            if (isNumber(each)) {
                if (number >= 0 && number <= 12) {
                    element.bytes((int) (0xf1 + number));
                } else if (number == (byte) number) {
                    element.bytes(0xfe).little(number, 1);
                } else if (number == (short) number) {
                    element.bytes(0xc0).little(number, 2);
                } else if (number == number << 40 >> 40) {
                    element.bytes(0xf0).little(number, 3);
                } else if (number == (int) number) {
                    element.bytes(0xd0).little(number, 4);
                } else {
                    element.bytes(0xe0).little(number, 8);
                }
            } else if (bytes.length < 64) {
                element.bytes(bytes.length).raw(bytes);
            } else if (bytes.length < 1 << 14) {
                element.bytes(0x40 | bytes.length >> 8, bytes.length).raw(bytes);
            } else {
                element.bytes(0x80, bytes.length >> 24, bytes.length >> 16, bytes.length >> 8, bytes.length).raw(bytes);
            }
            last = 10 + body.out.size();
            before = element.out.size();
            body.raw(element.toBytes());
        }
        return new Foreign().little(body.out.size() + 11, 4).little(last, 4).little(elements.size(), 2)
                .raw(body.toBytes()).bytes(0xff).toBytes();
    }

    public static byte[] zipmap(List<String> elements) {
        Foreign map = new Foreign().bytes(Math.min(254, elements.size() / 2));
        for (int i = 0; i < elements.size(); i++) {
            byte[] bytes = latin1(elements.get(i));
            if (bytes.length < 254) {
                map.bytes(bytes.length);
            } else {
                map.bytes(0xfe).little(bytes.length, 4);
            }
            if (i % 2 == 1) {
                // With some room behind each value.
                map.bytes(2).raw(bytes).bytes('?', '?');
            } else {
                map.raw(bytes);
            }
        }
        return map.bytes(0xff).toBytes();
    }

    public static byte[] intset(int width, long... numbers) {
        Foreign set = new Foreign().little(width, 4).little(numbers.length, 4);
        for (long each : numbers) {
            set.little(each, width);
        }
        return set.toBytes();
    }
}
