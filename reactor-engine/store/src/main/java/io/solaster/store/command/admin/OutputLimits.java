package io.solaster.store.command.admin;

import java.time.Duration;
import java.util.Locale;

import io.solaster.config.server.LimitsConfig;
import io.solaster.config.server.SubscriberConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.store.command.admin.ConfigCommands.BadValue;

/** What clients may leave unread, as {@code client-output-buffer-limit} says it for each class of them. */
final class OutputLimits {
    private OutputLimits() {}

    static String show(LimitsConfig limits) {
        SubscriberConfig subscribers = limits.subscribers();
        return "normal " + bytes(limits.outputBuffer()) + " 0 0 slave 0 0 0 pubsub " + bytes(subscribers.outputBuffer())
                + " " + subscribers.softOutputBuffer().bytes() + " " + subscribers.softTime().toSeconds();
    }

    private static long bytes(ByteSize limit) {
        return limit.bytes() == Long.MAX_VALUE ? 0 : limit.bytes();
    }

    /** Sets the limits of the classes that are named: those of replicas, which do not exist here, to nothing. */
    static LimitsConfig set(LimitsConfig limits, String value) throws BadValue {
        String[] words = value.strip().split("\\s+", -1);
        if (words.length % 4 != 0) {
            throw new BadValue("Wrong number of arguments in buffer limit configuration.");
        }
        LimitsConfig changed = limits;
        for (int i = 0; i < words.length; i += 4) {
            long hard;
            long soft;
            long seconds;
            try {
                hard = ConfigCommands.memory(words[i + 1]);
                soft = ConfigCommands.memory(words[i + 2]);
                seconds = Long.parseLong(words[i + 3]);
            } catch (BadValue | NumberFormatException e) {
                throw new BadValue("Error in hard, soft or soft_seconds setting in buffer limit configuration.");
            }
            ByteSize most = new ByteSize(hard == 0 ? Long.MAX_VALUE : hard);
            switch (words[i].toLowerCase(Locale.ROOT)) {
                case "normal" -> {
                    if (soft != 0 || seconds != 0) {
                        throw new BadValue("there are no soft limits for normal clients here; give 0 0");
                    }
                    changed = changed.withOutputBuffer(most);
                }
                case "pubsub" -> changed = changed.withSubscribers(
                        changed.subscribers().withOutput(most, new ByteSize(soft), Duration.ofSeconds(seconds)));
                case "slave", "replica" -> {
                }
                default -> throw new BadValue("Invalid client class specified in buffer limit configuration.");
            }
        }
        return changed;
    }
}
