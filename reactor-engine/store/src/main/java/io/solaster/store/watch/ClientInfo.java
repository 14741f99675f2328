package io.solaster.store.watch;

import java.net.InetSocketAddress;
import java.net.SocketAddress;

import io.netty.channel.unix.UnixChannel;
import io.solaster.engine.net.PeerAddress;
import io.solaster.store.shard.Client;
import io.solaster.store.shard.ClientState;
import io.solaster.store.shard.Command;
import io.solaster.streams.subscribe.Subscriptions;
import org.jspecify.annotations.Nullable;

/** How a client is described to others. On the client's shard. */
public final class ClientInfo {

    private ClientInfo() {}

    /** The line of {@code CLIENT LIST}. */
    public static String line(Client client, long now) {
        ClientState state = client.state();
        Command last = state.lastCommand();
        long input = client.inputBytes();
        long output = client.outputBytes();
        return "id=" + client.id()
                + " addr=" + remote(client)
                + " laddr=" + local(client)
                + " fd=" + (client.channel() instanceof UnixChannel unix ? unix.fd().intValue() : -1)
                + " name=" + state.name()
                + " age=" + (now - state.connectedAt()) / 1000
                + " idle=" + (now - state.lastInteraction()) / 1000
                + " flags=" + flags(client)
                + " db=" + state.database() + " sub=" + state.subscriptions(Subscriptions.CHANNEL)
                + " psub=" + state.subscriptions(Subscriptions.PATTERN)
                + " ssub=" + state.subscriptions(Subscriptions.SHARD_CHANNEL) + " multi=" + client.multi().queued()
                + " qbuf=" + input + " qbuf-free=0 argv-mem=0 multi-mem=" + client.multi().queuedBytes()
                + " rbs=0 rbp=0"
                + " obl=0 oll=0 omem=" + output + " tot-mem=" + (input + output)
                + " events=r cmd=" + (last == null ? "NULL" : last.name())
                + " user=" + state.user().name() + " redir=" + redirect(state) + " resp=" + (state.resp3() ? 3 : 2)
                + " lib-name=" + state.libraryName() + " lib-ver=" + state.libraryVersion();
    }

    /** Which client is told of keys that this one has read: 0 for itself, -1 for none. */
    public static long redirect(ClientState state) {
        return state.tracker() == null ? -1 : state.tracker().redirect();
    }

    private static String flags(Client client) {
        ClientState state = client.state();
        String flags = (state.monitors() ? "O" : "") + (state.isSubscribed() ? "P" : "")
                + (client.multi().queued() < 0 ? "" : "x")
                + (client.isBlocked() ? "b" : "") + (state.tracker() == null ? "" : state.tracker().flags())
                + (state.readOnly() ? "r" : "") + (state.noEvict() ? "e" : "");
        return flags.isEmpty() ? "N" : flags;
    }

    /** Of what type a client is, in Redis's words. */
    public static String type(Client client) {
        return client.state().isSubscribed() ? "pubsub" : "normal";
    }

    /** Where a client comes from. */
    public static String remote(Client client) {
        return address(PeerAddress.remote(client.channel()));
    }

    /** Where a client was accepted. */
    public static String local(Client client) {
        return address(PeerAddress.local(client.channel()));
    }

    private static String address(@Nullable SocketAddress address) {
        if (!(address instanceof InetSocketAddress inet) || inet.getAddress() == null) {
            return "?:0";
        }
        String host = inet.getAddress().getHostAddress();
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + inet.getPort();
    }
}
