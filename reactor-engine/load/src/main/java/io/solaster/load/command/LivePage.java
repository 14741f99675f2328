package io.solaster.load.command;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.net.BindException;
import io.solaster.engine.net.TcpServer;
import io.solaster.http.HttpHandler;
import io.solaster.http.server.HttpProtocol;
import io.solaster.load.LoadInterval;
import io.solaster.load.report.HtmlReport;

/** How a run goes, as a page on this machine. It has a shard of its own, so that whoever looks on disturbs little. */
final class LivePage implements Consumer<LoadInterval>, AutoCloseable {
    private final String target;
    private final List<LoadInterval> intervals = new ArrayList<>();
    private final Engine engine;
    private final TcpServer server;
    private volatile String page;

    /** @throws IOException if the port is taken, naming it */
    LivePage(String target, int port) throws IOException {
        this.target = target;
        this.page = HtmlReport.live(target, intervals);
        ServerConfig config = ServerConfig.of("http", port);
        HttpHandler handler = (request, response) -> response.header("Content-Type", "text/html; charset=utf-8")
                .send(page);
        this.engine = Engine.start(EngineConfig.defaults().withShards(1).withPinning(Pinning.NEVER));
        try {
            this.server = TcpServer.bind(engine, "live", config, new HttpProtocol(handler, config));
        } catch (BindException e) {
            engine.close();
            throw new IOException("--live " + port + ": " + e.getMessage(), e);
        }
    }

    int port() {
        return server.port();
    }

    @Override
    public void accept(LoadInterval each) {
        intervals.add(each);
        page = HtmlReport.live(target, intervals);
    }

    @Override
    public void close() {
        // Else nothing would be waited for.
        boolean interrupted = Thread.interrupted();
        engine.close();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
