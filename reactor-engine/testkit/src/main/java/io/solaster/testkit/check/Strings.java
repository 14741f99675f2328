package io.solaster.testkit.check;

import java.util.List;
import java.util.Optional;
import java.util.Set;

import io.solaster.testkit.check.Calls.Command;
import io.solaster.testkit.check.Model.Step;
import org.jspecify.annotations.Nullable;

/** What commands on one string do, as Redis's documentation has it. */
final class Strings {
    static final Set<String> READS = Set.of("GET", "STRLEN", "EXISTS");

    private Strings() {}

    static Step<Optional<String>, @Nullable Object> run(Optional<String> value, Command command) {
        List<String> arguments = command.arguments();
        return switch (command.name()) {
            case "GET" -> new Step<>(value, value.orElse(null));
            case "STRLEN" -> new Step<>(value, (long) value.orElse("").length());
            case "EXISTS" -> new Step<>(value, value.isPresent() ? 1L : 0L);
            case "SET" -> set(value, arguments.getFirst(), Set.copyOf(arguments.subList(1, arguments.size())));
            case "SETNX" -> value.isPresent()
                    ? new Step<>(value, 0L)
                    : new Step<>(Optional.of(arguments.getFirst()), 1L);
            case "GETSET" -> new Step<>(Optional.of(arguments.getFirst()), value.orElse(null));
            case "GETDEL" -> new Step<>(Optional.empty(), value.orElse(null));
            case "DEL" -> new Step<>(Optional.empty(), value.isPresent() ? 1L : 0L);
            case "APPEND" -> {
                String longer = value.orElse("") + arguments.getFirst();
                yield new Step<>(Optional.of(longer), (long) longer.length());
            }
            case "INCR" -> add(value, 1);
            case "DECR" -> add(value, -1);
            case "INCRBY" -> add(value, Long.parseLong(arguments.getFirst()));
            case "DECRBY" -> add(value, Math.negateExact(Long.parseLong(arguments.getFirst())));
            default -> throw new IllegalArgumentException(command.name()
                    + " is no command of this model; use those that Models.strings() names, or a model of your own");
        };
    }

    private static Step<Optional<String>, @Nullable Object> set(Optional<String> value, String written,
            Set<String> options) {
        boolean takes = value.isPresent() ? !options.contains("NX") : !options.contains("XX");
        Object answer = options.contains("GET") ? value.orElse(null) : takes ? "OK" : null;
        return new Step<>(takes ? Optional.of(written) : value, answer);
    }

    private static Step<Optional<String>, @Nullable Object> add(Optional<String> value, long amount) {
        String text = value.orElse("0");
        try {
            long number = Long.parseLong(text);
            // "007" and "+7" are no numbers to Redis.
            if (!Long.toString(number).equals(text)) {
                return new Step<>(value, Command.FAILED);
            }
            long sum = Math.addExact(number, amount);
            return new Step<>(Optional.of(Long.toString(sum)), sum);
        } catch (NumberFormatException | ArithmeticException e) {
            return new Step<>(value, Command.FAILED);
        }
    }
}
