package org.espalier.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.op.CrossEntropy;
import org.espalier.optim.Clip;
import org.espalier.optim.Sgd;
import org.espalier.search.Devices;
import org.espalier.search.Environment;
import org.espalier.space.SearchSpace;
import org.espalier.space.Spaces;
import org.espalier.strategy.Architecture;
import org.espalier.strategy.Draw;
import org.espalier.strategy.Strategies;
import org.espalier.supernet.Supernet;
import org.espalier.tensor.Rng;
import org.espalier.tensor.Shape;

/**
 * One training step of a supernet (forward, cross-entropy, backward with alpha's gradient, clip,
 * SGD), ours beside PyTorch's, in one run.
 *
 * <p>Arguments: {@code --python EXE} (a Python that has torch; without one only ours is timed),
 * {@code --compile} (also torch.compile, which takes minutes to start), {@code --ejml} (also the
 * portable back end), {@code --only TEXT} (nets whose name contains it), {@code --steps N}, {@code
 * --threads N}.
 */
public final class StepBenchmark {
  private static final int CLASSES = 10;
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final List<Net> NETS =
      List.of(
          new Net("nasbench201", 8, 1, 28, 1, 64),
          new Net("nasbench201", 16, 5, 32, 3, 64),
          new Net("darts", 16, 8, 32, 3, 16));

  private StepBenchmark() {}

  /** A supernet and its batch. */
  private record Net(
      String space, int channels, int cells, int size, int inputChannels, int batch) {
    @Override
    public String toString() {
      return "%s C=%d %s=%d, %dx%dx%d, batch %d"
          .formatted(
              space,
              channels,
              space.equals("darts") ? "L" : "N",
              cells,
              size,
              size,
              inputChannels,
              batch);
    }
  }

  /** Seconds of a step. */
  private record Timing(double median, double least, double most) {
    static Timing of(double[] seconds) {
      Arrays.sort(seconds);
      return new Timing(seconds[seconds.length / 2], seconds[0], seconds[seconds.length - 1]);
    }
  }

  /** Prints the table. */
  public static void main(String[] args) throws IOException, InterruptedException {
    List<String> given = List.of(args);
    int steps = Integer.parseInt(option(given, "--steps").orElse("10"));
    int threads = Integer.parseInt(option(given, "--threads").orElse("2"));
    String only = option(given, "--only").orElse("");
    System.out.printf(
        "%s, %d threads; seconds of one training step: median (least to most)%n",
        Environment.processor(), threads);
    for (Net net : NETS) {
      if (!net.toString().contains(only)) {
        continue;
      }
      System.out.println();
      System.out.println(net);
      Timing ours = ours(net, "simd", threads, steps);
      print("espalier simd", ours, ours);
      if (given.contains("--ejml")) {
        print("espalier ejml", ours(net, "ejml", threads, 2), ours);
      }
      Optional<String> python = option(given, "--python");
      if (python.isPresent()) {
        List<String> modes = new ArrayList<>(List.of("eager", "channels_last"));
        if (given.contains("--compile")) {
          modes.add("compile");
        }
        for (String mode : modes) {
          theirs(net, python.get(), mode, threads, steps)
              .ifPresent(timing -> print("torch " + mode, timing, ours));
        }
      }
    }
  }

  private static Optional<String> option(List<String> args, String name) {
    int at = args.indexOf(name);
    return at >= 0 && at + 1 < args.size() ? Optional.of(args.get(at + 1)) : Optional.empty();
  }

  private static void print(String who, Timing timing, Timing ours) {
    System.out.printf(
        Locale.ROOT,
        "  %-22s %8.4f  (%.4f to %.4f)   %5.2f x ours%n",
        who,
        timing.median,
        timing.least,
        timing.most,
        timing.median / ours.median);
  }

  private static Timing ours(Net net, String device, int threads, int steps) {
    try (Backend backend = Devices.open(device, threads)) {
      Rng rng = Rng.of(1);
      SearchSpace space = Spaces.of(net.space);
      SearchSpace.Size size =
          new SearchSpace.Size(net.channels, net.cells, net.inputChannels, CLASSES);
      Supernet supernet = Supernet.of(root -> space.supernet(root, size), backend, rng);
      Architecture architecture = new Architecture(space, backend, rng);
      Sgd sgd = new Sgd(supernet.weights(), 0.9f, 3e-4f, net.space.equals("nasbench201"));
      Tensor images =
          random(
              backend,
              Shape.of(net.batch, net.size, net.size, net.inputChannels),
              rng,
              CLASSES,
              false);
      Tensor labels = random(backend, Shape.of(net.batch), rng, CLASSES, true);
      int warmup = device.equals("simd") ? Math.max(10, steps) : 1;
      double[] seconds = new double[steps];
      for (int i = -warmup; i < steps; i++) {
        long start = System.nanoTime();
        supernet.weights().zeroGradients();
        architecture.arena().zeroGradients();
        try (Tape tape = Tape.training(backend, rng.split(i))) {
          Draw draw = new Draw(tape, space, architecture.alphas(), 0, rng);
          Tensor logits = supernet.logits(tape, images, Strategies.of("darts").select(draw));
          tape.backward(tape.apply(new CrossEntropy(0), logits, labels));
        }
        Clip.byGlobalNorm(supernet.weights(), 5);
        sgd.step(0.025f);
        if (i >= 0) {
          seconds[i] = (System.nanoTime() - start) / 1e9;
        }
      }
      return Timing.of(seconds);
    }
  }

  private static Tensor random(Backend backend, Shape shape, Rng rng, int classes, boolean labels) {
    float[] values = new float[shape.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = labels ? rng.below(i, classes) : rng.normal(i);
    }
    Buffer buffer = backend.allocate(values.length);
    backend.write(values, buffer);
    return Tensor.constant(shape, buffer);
  }

  private static Optional<Timing> theirs(
      Net net, String python, String mode, int threads, int steps)
      throws IOException, InterruptedException {
    List<String> command =
        List.of(
            python,
            Path.of("bench", "peers", "step.py").toString(),
            "--net=" + net.space,
            "--channels=" + net.channels,
            "--cells=" + net.cells,
            "--batch=" + net.batch,
            "--size=" + net.size,
            "--in-channels=" + net.inputChannels,
            "--mode=" + mode,
            "--steps=" + steps,
            "--threads=" + threads);
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    if (process.waitFor() != 0 || output.isEmpty()) {
      System.out.println(
          "  torch " + mode + ": failed, run it by hand: " + String.join(" ", command));
      return Optional.empty();
    }
    JsonNode result = JSON.readTree(output.lines().toList().getLast());
    return Optional.of(
        new Timing(
            result.path("median_s").asDouble(),
            result.path("min_s").asDouble(),
            result.path("max_s").asDouble()));
  }
}
