package io.solaster.engine.net;

import java.nio.channels.UnresolvedAddressException;

import io.solaster.config.server.ServerConfig;

/** Says why a server cannot listen, and what to do about it. */
final class BindFailure {

    private BindFailure() {}

    /**
     * In words.
     *
     * @param config as the server is to be bound
     * @param port that it was about to bind
     * @param shard whose own port that is; -1 where it is the server's
     * @param resolved whether its host is an address
     */
    static BindException of(String server, ServerConfig config, int port, int shard, boolean resolved,
            Throwable cause) {
        String key = "solaster.servers." + server;
        String portKey = key + (shard < 0 ? ".port" : ".shard-ports");
        int errno = Errno.of(cause);
        String reason;
        String fix;
        if (config.isUnix()) {
            reason = errno == Errno.EADDRINUSE ? "another server listens there" : String.valueOf(cause.getMessage());
            fix = cause instanceof UnixSocket.Refused refused
                    ? refused.fix().replace(" .host", " " + key + ".host")
                    : "set " + key + ".host to a path where it may make a socket";
        } else if (cause instanceof UnresolvedAddressException || !resolved) {
            reason = "no such host";
            fix = "set " + key + ".host to an address of this machine, or 0.0.0.0 for all";
        } else if (port > 65_535) {
            reason = "there is no such port";
            fix = "set " + portKey + " to a first port that leaves one for each shard";
        } else if (errno == Errno.EADDRINUSE) {
            reason = "the port is in use";
            fix = "stop what listens there (ss -ltnp 'sport = :" + port + "'), or set " + portKey + " to "
                    + (shard < 0 ? "another" : "a first port whose row is free");
        } else if (errno == Errno.EACCES) {
            reason = "no permission";
            fix = "set " + portKey + " to 1024 or above, or grant CAP_NET_BIND_SERVICE";
        } else if (errno == Errno.EADDRNOTAVAIL) {
            reason = "the address is not one of this machine";
            fix = "set " + key + ".host to an address of this machine, or 0.0.0.0 for all";
        } else if (errno == Errno.EMFILE) {
            reason = "too many open files";
            fix = "raise the limit on open files (ulimit -n)";
        } else {
            reason = String.valueOf(cause.getMessage());
            fix = "set " + key + ".host and .port to where it may listen";
        }
        String where = config.isUnix() ? config.where() : config.withPort(port).where();
        return new BindException(server, shard < 0 ? where : where + ", the port of shard " + shard, reason, fix,
                shard >= 0,
                cause);
    }
}
