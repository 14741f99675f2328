package io.solaster.load.report;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.Line2D;
import java.awt.geom.Path2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import javax.imageio.ImageIO;

import io.solaster.load.LoadReport;

/** The charts of a report below each other as one PNG, on white. */
public final class Picture implements Canvas {
    private static final int SCALE = 2;
    private static final int FONT = 11;
    private static final int CHARTS = 3;

    private final BufferedImage image;
    private final Graphics2D graphics;

    private Picture(int charts) {
        image = new BufferedImage(SCALE * Chart.WIDTH, SCALE * charts * Chart.HEIGHT, BufferedImage.TYPE_INT_RGB);
        graphics = image.createGraphics();
        graphics.setColor(Color.WHITE);
        graphics.fillRect(0, 0, image.getWidth(), image.getHeight());
        graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        graphics.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, FONT));
        graphics.scale(SCALE, SCALE);
    }

    /**
     * Writes the charts of a report.
     *
     * @throws IOException if the file cannot be written, or this JDK finds no fonts
     */
    public static void write(Path file, LoadReport report) throws IOException {
        System.setProperty("java.awt.headless", "true");
        WholeFile.write(file, part -> {
            Picture picture;
            try {
                picture = new Picture(report.intervals().isEmpty() ? 1 : CHARTS);
                picture.draw(report);
            } catch (LinkageError | RuntimeException e) {
                throw new IOException("no pictures can be drawn here: " + e + "; install fontconfig, or give --html",
                        e);
            }
            ImageIO.write(picture.image, "png", part.toFile());
        });
    }

    private void draw(LoadReport report) {
        try {
            Charts.percentiles(this, report);
            if (!report.intervals().isEmpty()) {
                graphics.translate(0, Chart.HEIGHT);
                Charts.latencies(this, report.intervals(), report.marks());
                graphics.translate(0, Chart.HEIGHT);
                Charts.requests(this, report.intervals(), report.marks());
            }
        } finally {
            graphics.dispose();
        }
    }

    @Override
    public void line(Ink ink, double x1, double y1, double x2, double y2) {
        prepare(ink);
        graphics.draw(new Line2D.Double(x1, y1, x2, y2));
    }

    @Override
    public void text(Ink ink, double x, double y, Anchor anchor, String text) {
        prepare(ink);
        double width = graphics.getFontMetrics().stringWidth(text);
        double left = switch (anchor) {
            case START -> x;
            case MIDDLE -> x - width / 2;
            case END -> x - width;
        };
        graphics.drawString(text, (float) left, (float) y);
    }

    @Override
    public void path(Ink ink, double[] xs, double[] ys) {
        prepare(ink);
        Path2D.Double path = new Path2D.Double();
        boolean drawing = false;
        for (int i = 0; i < xs.length; i++) {
            boolean isThere = !Double.isNaN(ys[i]);
            if (isThere && drawing) {
                path.lineTo(xs[i], ys[i]);
            } else if (isThere) {
                path.moveTo(xs[i], ys[i]);
            }
            drawing = isThere;
        }
        graphics.draw(path);
    }

    /** The colours that pages have on white. */
    private void prepare(Ink ink) {
        graphics.setColor(new Color(switch (ink) {
            case FRAME, GRID -> 0xd8dee4;
            case TICK -> 0x57606a;
            case MARK, MARKED, BAD -> 0xcf222e;
            case A -> 0x0969da;
            case B -> 0xbc4c00;
            case C -> 0x1a7f37;
            case D -> 0x8250df;
        }));
        boolean isThin = ink == Ink.FRAME || ink == Ink.GRID || ink == Ink.MARK;
        graphics.setStroke(new BasicStroke(isThin ? 1 : 2, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
    }
}
