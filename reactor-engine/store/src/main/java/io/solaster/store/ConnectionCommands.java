package io.solaster.store;

/** Commands about the connection itself. */
final class ConnectionCommands {

    private ConnectionCommands() {}

    static void ping(Call call) {
        if (call.count() > 2) {
            call.reply().error("ERR wrong number of arguments for 'ping' command");
        } else if (call.count() == 2) {
            call.reply().bulk(call.address(1), call.length(1));
        } else {
            call.reply().pong();
        }
    }
}
