package io.solaster.resp;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

import io.solaster.engine.memory.Memory;

/** Requests for tests: made by hand, at random, and read back. */
final class Requests {
    private Requests() {}

    static byte[] bytes(String latin1) {
        return latin1.getBytes(StandardCharsets.ISO_8859_1);
    }

    static String multibulk(String... arguments) {
        StringBuilder text = new StringBuilder("*" + arguments.length + "\r\n");
        for (String argument : arguments) {
            text.append('$').append(argument.length()).append("\r\n").append(argument).append("\r\n");
        }
        return text.toString();
    }

    static List<String> arguments(CommandDecoder decoder) {
        List<String> arguments = new ArrayList<>();
        for (int i = 0; i < decoder.argumentCount(); i++) {
            byte[] argument = new byte[decoder.argumentLength(i)];
            Memory.copy(decoder.argumentAddress(i), argument, 0, argument.length);
            arguments.add(new String(argument, StandardCharsets.ISO_8859_1));
        }
        return arguments;
    }

    /** A few well-formed requests one behind the other, of all shapes. */
    static byte[] pipeline(RandomGenerator random, int requests, int longest) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int i = 0; i < requests; i++) {
            out.writeBytes(bytes(request(random, longest)));
        }
        return out.toByteArray();
    }

    private static String request(RandomGenerator random, int longest) {
        int shape = random.nextInt(10);
        if (shape == 0) {
            return new String[]{"*0\r\n", "*-1\r\n", "\r\n", "\n", " \t \r\n"}[random.nextInt(5)];
        }
        int count = random.nextInt(8) == 0 ? 1 + random.nextInt(60) : 1 + random.nextInt(5);
        if (shape < 4) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < count; i++) {
                line.append(" \t  ", 0, 1 + random.nextInt(3)).append(word(random));
            }
            return line.append(random.nextBoolean() ? "\r\n" : "\n").toString();
        }
        String[] arguments = new String[count];
        for (int i = 0; i < count; i++) {
            arguments[i] = binary(random, random.nextInt(4) == 0 ? random.nextInt(longest) : random.nextInt(20));
        }
        return multibulk(arguments);
    }

    private static String word(RandomGenerator random) {
        return switch (random.nextInt(6)) {
            case 0 -> "\"" + "a\\x41\\n b\\\"\\q'".substring(0, new int[]{0, 1, 5, 7, 9, 11, 13, 14}[random.nextInt(8)])
                    + "\"";
            case 1 -> "'" + "x \\' \\n \"".substring(0, new int[]{0, 1, 2, 4, 8}[random.nextInt(5)]) + "'";
            case 2 -> "pre\"fix ed\"";
            case 3 -> "\377\240\013";
            default -> "word".repeat(1 + random.nextInt(3));
        };
    }

    private static String binary(RandomGenerator random, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }
}
