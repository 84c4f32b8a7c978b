package org.espalier.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.espalier.InputException;
import org.espalier.search.Devices;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code espalier bench gpu}: a pass, a step and steps of a search, on a GPU. */
@Command(
    name = "gpu",
    header = "Time passes and steps of supernets on a GPU, ours beside PyTorch's.",
    description = {
      "pass: forward, cross-entropy, backward with alpha's gradient; step: with clip and SGD;"
          + " first, second: a step of the weights and one of alpha, of first and second order. At"
          + " batch 64 and 256: ours, and PyTorch's eager, as a CUDA graph, channels_last and"
          + " compiled.",
      ""
    })
final class GpuCommand implements Callable<Integer> {
  private static final String OURS = "espalier";
  private static final List<String> ALL =
      List.of(OURS, "eager", "graph", "channels_last", "compile");
  private static final double WARM_UP_SECONDS = 2;

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

  @Option(
      names = "--who",
      split = ",",
      paramLabel = "NAME",
      description = "Of espalier, eager, graph, channels_last, compile (default: all).")
  private List<String> who = ALL;

  @Option(
      names = "--work",
      split = ",",
      paramLabel = "WORK",
      description = "Of pass, step, first, second (default: all).")
  private List<Work> works = List.of(Work.values());

  @Option(names = "--tiny", description = "Tiny nets: to see that all of it runs.")
  private boolean tiny;

  @Option(
      names = "--device",
      paramLabel = "NAME",
      description = "Ours; given several times, these beside each other (default: cuda).")
  private List<String> devices = List.of("cuda");

  @Option(
      names = "--torch-device",
      paramLabel = "NAME",
      description = "PyTorch's: cuda or cpu (default: ${DEFAULT-VALUE}).")
  private String torchDevice = "cuda";

  @Option(
      names = "--limit",
      paramLabel = "SECONDS",
      description = "For PyTorch on one net (default: ${DEFAULT-VALUE}).")
  private int limit = 600;

  @Option(
      names = "--rows",
      paramLabel = "FILE",
      description = "Keeps what is measured, so that a later run has something to compare with.")
  private @Nullable Path file;

  @Override
  public Integer call() throws InterruptedException {
    for (String each : who) {
      if (!ALL.contains(each)) {
        throw new ParameterException(
            spec.commandLine(), "--who " + each + ": known are " + String.join(", ", ALL));
      }
    }
    Rows rows = new Rows(file);
    List<Net> nets = options.nets(tiny ? Net.TINY : Net.ON_GPUS);
    boolean complete = true;
    if (who.contains(OURS)) {
      ours(nets, rows);
    }
    List<String> modes = who.stream().filter(each -> !each.equals(OURS)).toList();
    if (!modes.isEmpty()) {
      Optional<Torch> torch = Torch.find(Optional.ofNullable(python));
      console()
          .print(
              "%s",
              torch.map(t -> "PyTorch " + t.version()).orElse("there is no Python with torch"));
      for (String mode : modes) {
        complete &= torch.isPresent() && theirs(nets, torch.get(), mode, rows);
      }
    }
    return complete ? 0 : 1;
  }

  private void ours(List<Net> nets, Rows rows) {
    Devices.all().stream()
        .filter(each -> devices.getFirst().split(",", 2)[0].equals(each.name()))
        .forEach(each -> console().print("%s: %s", each.name(), each.detail()));
    Map<String, GpuStep.Roof> roofs = new LinkedHashMap<>();
    devices.forEach(device -> roof(device).ifPresent(roof -> roofs.put(device, roof)));
    console().print("Median (least to most) of %d.", options.steps());
    for (Net net : nets) {
      console().print("%n%s", net);
      for (Work work : works) {
        roofs.forEach((device, roof) -> ours(net, work, device, roof, rows));
      }
    }
  }

  /** What a device reaches at most; empty where this machine has not what a further one wants. */
  private Optional<GpuStep.Roof> roof(String device) {
    int n = tiny ? 64 : 4096;
    try {
      GpuStep.Roof roof = GpuStep.roof(device, tiny ? 1 << 12 : 1 << 27, n);
      console()
          .print(
              "%s, at most: a copy %.1f GB/s, a product of %dx%d %.1f GFLOP/s",
              device, roof.bytes(), n, n, roof.flop());
      return Optional.of(roof);
    } catch (InputException e) {
      if (device.equals(devices.getFirst())) {
        throw e;
      }
      console().print("left out: %s", String.valueOf(e.getMessage()));
      return Optional.empty();
    }
  }

  private void ours(Net net, Work work, String device, GpuStep.Roof roof, Rows rows) {
    boolean first = device.equals(devices.getFirst());
    String who = first ? OURS : device;
    GpuStep.Cost cost =
        GpuStep.measure(net, work, device, options.steps(), tiny ? 0 : WARM_UP_SECONDS);
    double median = cost.timing().median();
    rows.add(net, work, who, cost.timing());
    row(
        work,
        who,
        cost.timing(),
        (first ? "" : times(median, rows.median(net, work, OURS))) + ours(cost));
    if (work == Work.PASS) {
      rates(GpuStep.load(net, device), roof, median);
    }
  }

  private static String ours(GpuStep.Cost cost) {
    return String.format(
        Locale.ROOT,
        "%d pieces of work, %d of them launched, %d MiB of the device",
        cost.pieces(),
        cost.launched(),
        cost.device() >> 20);
  }

  /**
   * What the kernels' calls name and compute, by the time of a pass, and what that can be at least.
   */
  private void rates(GpuStep.Load load, GpuStep.Roof roof, double seconds) {
    console()
        .print(
            "          %.2f GB at %.1f GB/s, %.1f GFLOP at %.1f GFLOP/s; by the copy's rate %.3f"
                + " ms, by the product's %.3f ms",
            load.bytes() / 1e9,
            load.bytes() / 1e9 / seconds,
            load.flop() / 1e9,
            load.flop() / 1e9 / seconds,
            load.bytes() / 1e6 / roof.bytes(),
            load.flop() / 1e6 / roof.flop());
  }

  /** Returns whether all could be measured. */
  private boolean theirs(List<Net> nets, Torch torch, String mode, Rows rows)
      throws InterruptedException {
    boolean complete = true;
    for (Net net : nets) {
      console().print("%n%s", net);
      try {
        new TorchWork(torch, net, mode, torchDevice, options.threads(), options.steps())
            .time(
                works,
                limit,
                (work, cost) -> {
                  rows.add(net, work, mode, cost.timing());
                  row(
                      work,
                      "torch " + mode,
                      cost.timing(),
                      theirs(cost, rows.median(net, work, OURS)));
                });
      } catch (IOException e) {
        console().print("  torch %s: %s", mode, String.valueOf(e.getMessage()));
        complete = false;
      }
    }
    return complete;
  }

  private static String theirs(Torch.Cost cost, Optional<Double> ours) {
    String kernels = cost.kernels() > 0 ? cost.kernels() + " pieces of work, " : "";
    return times(cost.timing().median(), ours)
        + kernels
        + (cost.device() >> 20)
        + " MiB of the device";
  }

  private static String times(double seconds, Optional<Double> ours) {
    return ours.map(o -> String.format(Locale.ROOT, "%.2f x ours, ", seconds / o)).orElse("");
  }

  private void row(Work work, String who, Timing timing, String note) {
    console()
        .print(
            "  %-6s  %-22s %9.3f ms  (%.3f to %.3f)  %s",
            work.word(),
            who,
            1e3 * timing.median(),
            1e3 * timing.least(),
            1e3 * timing.most(),
            note);
  }

  private Console console() {
    return Console.of(spec);
  }
}
