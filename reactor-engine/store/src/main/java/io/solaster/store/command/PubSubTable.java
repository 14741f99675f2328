package io.solaster.store.command;

import io.solaster.store.command.pubsub.PubSubCommands;
import io.solaster.store.command.pubsub.SubscribeCommands;

/** The commands that publish, and those that subscribe. */
final class PubSubTable {
    private static final String FLAGS = "pubsub noscript loading stale";

    private PubSubTable() {}

    static void write(CommandEntries to) {
        to.entry("subscribe", -2, FLAGS, SubscribeCommands::subscribe)
                .doc("pubsub", "2.0.0", "O(N) in the number of channels", "Gets what is published to channels.",
                        "channel...");
        to.entry("unsubscribe", -1, FLAGS, SubscribeCommands::unsubscribe)
                .doc("pubsub", "2.0.0", "O(N) in the number of channels",
                        "Gets no more of what is published to channels.", "[channel...]");
        to.entry("psubscribe", -2, FLAGS, SubscribeCommands::psubscribe)
                .doc("pubsub", "2.0.0", "O(N) in the number of patterns",
                        "Gets what is published to channels whose names match.", "pattern...");
        to.entry("punsubscribe", -1, FLAGS, SubscribeCommands::punsubscribe)
                .doc("pubsub", "2.0.0", "O(N) in the number of patterns",
                        "Gets no more of what is published to channels whose names match.", "[pattern...]");
        to.entry("ssubscribe", -2, FLAGS, SubscribeCommands::ssubscribe).channelsAsKeys(-1)
                .doc("pubsub", "7.0.0", "O(N) in the number of channels", "Gets what is published to shard channels.",
                        "shardchannel...");
        to.entry("sunsubscribe", -1, FLAGS, SubscribeCommands::sunsubscribe).channelsAsKeys(-1)
                .doc("pubsub", "7.0.0", "O(N) in the number of channels",
                        "Gets no more of what is published to shard channels.", "[shardchannel...]");
        to.entry("publish", 3, "pubsub loading stale fast", PubSubCommands::publish).channel()
                .doc("pubsub", "2.0.0", "O(N+M) in the number of subscribers, and of all patterns",
                        "Sends a message to all who have subscribed to a channel.", "channel message");
        to.entry("spublish", 3, "pubsub loading stale fast", PubSubCommands::spublish).channel().channelsAsKeys(1)
                .doc("pubsub", "7.0.0", "O(N) in the number of subscribers",
                        "Sends a message to all who have subscribed to a shard channel.", "shardchannel message");
        to.entry("pubsub", -2, "").subcommands(
                to.sub("pubsub|channels", -2, "pubsub loading stale", PubSubCommands::channels)
                        .doc("pubsub", "2.8.0", "O(N) in the number of channels", "The channels that have subscribers.",
                                "[pattern]"),
                to.sub("pubsub|numsub", -2, "pubsub loading stale", PubSubCommands::numsub)
                        .doc("pubsub", "2.8.0", "O(N) in the number of channels asked for",
                                "How many subscribers channels have.", "[channel...]"),
                to.sub("pubsub|numpat", 2, "pubsub loading stale", PubSubCommands::numpat)
                        .doc("pubsub", "2.8.0", "O(1)", "How many patterns have subscribers.", ""),
                to.sub("pubsub|shardchannels", -2, "pubsub loading stale", PubSubCommands::shardchannels)
                        .doc("pubsub", "7.0.0", "O(N) in the number of shard channels",
                                "The shard channels that have subscribers.", "[pattern]"),
                to.sub("pubsub|shardnumsub", -2, "pubsub loading stale", PubSubCommands::shardnumsub)
                        .doc("pubsub", "7.0.0", "O(N) in the number of shard channels asked for",
                                "How many subscribers shard channels have.", "[shardchannel...]"),
                to.sub("pubsub|help", 2, "loading stale", PubSubCommands::help)
                        .doc("pubsub", "6.2.0", "O(1)", "Describes the subcommands.", ""))
                .doc("pubsub", "2.8.0", "Depends on the subcommand", "Channels and their subscribers.", "");
    }
}
