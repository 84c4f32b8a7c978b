package org.espalier.bench;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.espalier.search.Devices;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code espalier bench gpu}: the same step as {@code step}, on a GPU. */
@Command(
    name = "gpu",
    header = "Time one training step of supernets on a GPU, ours beside PyTorch's.",
    description = {
      "Forward, cross-entropy, backward with alpha's gradient, clip, SGD, at batch 64 and 256:"
          + " ours, and PyTorch's eager, channels_last, compiled and as a CUDA graph.",
      ""
    })
final class GpuCommand implements Callable<Integer> {
  private static final List<String> MODES = List.of("eager", "channels_last", "compile", "graph");

  @Spec
  @SuppressWarnings("NullAway.Init") // by picocli
  private CommandSpec spec;

  @Mixin private final StepOptions options = new StepOptions();

  @Option(
      names = "--python",
      paramLabel = "EXE",
      description =
          "A Python with torch (default: python3 or python of the PATH, if it can import torch).")
  private @Nullable String python;

  @Override
  public Integer call() throws InterruptedException {
    Optional<Torch> torch = Torch.find(Optional.ofNullable(python));
    Devices.all().stream()
        .filter(device -> device.name().equals("cuda"))
        .forEach(device -> print("cuda: %s", device.detail()));
    print(
        "%s. One training step: median (least to most) of %d steps.",
        torch.map(found -> "PyTorch " + found.version()).orElse("no Python with torch"),
        options.steps());
    boolean complete = true;
    for (Net net : options.nets(Net.ON_GPUS)) {
      print("");
      print("%s", net);
      int steps = options.steps();
      Timing ours = SupernetStep.measure(net, "darts", "cuda", options.threads(), steps, steps);
      row("espalier cuda", ours, "");
      for (String mode : MODES) {
        if (torch.isPresent()) {
          complete &= theirs(net, torch.get(), mode, ours);
        }
      }
    }
    return complete ? 0 : 1;
  }

  /** Returns whether it could be measured. */
  private boolean theirs(Net net, Torch torch, String mode, Timing ours) {
    try {
      Torch.Cost cost = torch.step(net, mode, "cuda", options.threads(), options.steps());
      row(
          "torch " + mode,
          cost.timing(),
          String.format(
              Locale.ROOT,
              "%5.2f x ours, %d MiB of the device",
              cost.timing().median() / ours.median(),
              cost.device() >> 20));
      return true;
    } catch (IOException e) {
      print("  torch %s: %s", mode, String.valueOf(e.getMessage()));
      return false;
    }
  }

  private void row(String who, Timing timing, String note) {
    print(
        "  %-20s %9.3f ms  (%.3f to %.3f)  %s",
        who, 1e3 * timing.median(), 1e3 * timing.least(), 1e3 * timing.most(), note);
  }

  private void print(String format, Object... values) {
    PrintWriter out = spec.commandLine().getOut();
    out.println(String.format(Locale.ROOT, format, values));
    out.flush();
  }
}
