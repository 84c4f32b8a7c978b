package org.espalier.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.espalier.search.Environment;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code espalier bench step}: ours beside PyTorch's, in one run. */
@Command(
    name = "step",
    header = "Time one training step of three supernets, ours beside PyTorch's.",
    description = {
      "Forward, cross-entropy, backward with alpha's gradient, clip, SGD: ours, ours on sampled"
          + " paths (gdas, random, enas, spos), ours without vectors (ejml), and PyTorch's eager,"
          + " channels_last and compiled where a Python with torch is found. All take turns, so"
          + " that what else the machine does disturbs all of them; a turn is as many steps as a"
          + " second holds, at least one, and counts with their mean.",
      ""
    })
final class StepCommand implements Callable<Integer> {
  /** The portable back end needs no more to show where it stands, and takes its time. */
  private static final int EJML_STEPS = 3;

  private static final int WARMUP = 10;

  private static final List<String> SAMPLED = List.of("gdas", "random", "enas", "spos");
  private static final List<String> EAGER = List.of("eager", "channels_last");
  private static final List<String> MODES = List.of("eager", "channels_last", "compile");

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

  @Option(names = "--quick", description = "Leave out ejml and torch.compile, which take minutes.")
  private boolean quick;

  @Override
  public Integer call() throws InterruptedException {
    List<Net> nets = options.nets();
    console().progress("looking for a Python with torch");
    Optional<Torch> torch = Torch.find(Optional.ofNullable(python));
    console()
        .print(
            "%s, %d threads, Java %s, %s",
            Environment.processor(), options.threads(), Runtime.version().feature(), peer(torch));
    console().print("One training step, in %d turns of a second or a step.", options.steps());
    boolean complete = true;
    for (Net net : nets) {
      console().print("");
      console().print("%s", net);
      complete &= compare(net, torch);
    }
    return complete ? 0 : 1;
  }

  private static String peer(Optional<Torch> torch) {
    return torch
        .map(found -> "PyTorch " + found.version() + " of " + found.python())
        .orElse(
            "no Python with torch (neither "
                + String.join(" nor ", Torch.USUAL)
                + "; --python names one)");
  }

  /** Returns whether all could be measured. */
  private boolean compare(Net net, Optional<Torch> torch) {
    List<SupernetStep> ours = new ArrayList<>();
    List<TorchStep> theirs = new ArrayList<>();
    try {
      Heap heap = open(net, "darts", ours).heap(WARMUP);
      SAMPLED.forEach(strategy -> open(net, strategy, ours));
      boolean complete = torch.isEmpty() || start(net, torch.get(), theirs);
      console().progress("all take turns");
      List<Turns> turns =
          Turns.of(
              Stream.<Contender>concat(ours.stream(), theirs.stream()).toList(), options.steps());
      Turns full = turns.getFirst();
      row("espalier simd", full.timing(), memory(heap));
      for (int i = 0; i < SAMPLED.size(); i++) {
        Turns path = turns.get(1 + i);
        row("espalier simd, " + SAMPLED.get(i), path.timing(), share(path.mean(), full.mean()));
      }
      for (int i = 0; i < theirs.size(); i++) {
        Turns each = turns.get(ours.size() + i);
        row(theirs.get(i).name(), each.timing(), note(each.ratio(full), theirs.get(i).finish()));
      }
      if (!quick) {
        console().progress("espalier ejml on %s", net);
        Timing ejml = SupernetStep.measure(net, "darts", "ejml", 1, 1, EJML_STEPS);
        row("espalier ejml, 1 thread", ejml, times(ejml.median() / full.timing().median()));
      }
      return complete;
    } catch (IOException e) {
      console().print("  %s", String.valueOf(e.getMessage()));
      return false;
    } finally {
      ours.forEach(SupernetStep::close);
      theirs.forEach(TorchStep::close);
    }
  }

  private SupernetStep open(Net net, String strategy, List<SupernetStep> ours) {
    console().progress("espalier %s on %s, warming up", strategy, net);
    SupernetStep step = SupernetStep.open(net, strategy, "simd", options.threads());
    ours.add(step);
    step.warmUp(WARMUP);
    return step;
  }

  /** Returns whether all could be started. */
  private boolean start(Net net, Torch torch, List<TorchStep> theirs) {
    boolean complete = true;
    for (String mode : quick ? EAGER : MODES) {
      console()
          .progress(
              "torch %s on %s, %s",
              mode, net, mode.equals("compile") ? "compiling, which takes minutes" : "warming up");
      try {
        theirs.add(torch.start(net, mode, "cpu", options.threads()));
      } catch (IOException e) {
        console().print("  torch %s: %s", mode, String.valueOf(e.getMessage()));
        complete = false;
      }
    }
    return complete;
  }

  private void row(String who, Timing timing, String note) {
    console().print("%s", line(who, timing, note));
  }

  static String line(String who, Timing timing, String note) {
    return String.format(
        Locale.ROOT,
        "  %-23s  %8.4f s  (%.4f to %.4f)  %s",
        who,
        timing.median(),
        timing.least(),
        timing.most(),
        note);
  }

  /** What PyTorch's step is by ours, and what it needs. */
  static String note(Timing ratio, Torch.Cost cost) {
    String compiling =
        cost.compiling() < 1
            ? ""
            : String.format(Locale.ROOT, "; the first steps took %.0f s more", cost.compiling());
    return String.format(
        Locale.ROOT,
        "%s (%.2f to %.2f), resident %d MiB%s",
        times(ratio.median()),
        ratio.least(),
        ratio.most(),
        mebibytes(cost.resident()),
        compiling);
  }

  private static String times(double ratio) {
    return String.format(Locale.ROOT, "%5.2f x simd", ratio);
  }

  static String memory(Heap heap) {
    return " 1.00 x simd, heap %d live, %d peak MiB"
        .formatted(mebibytes(heap.live()), mebibytes(heap.peak()));
  }

  private static long mebibytes(long bytes) {
    return (bytes + (1 << 19)) >> 20;
  }

  /** By the means, as a search pays for the long paths and for the short ones. */
  static String share(double sampled, double full) {
    return String.format(
        Locale.ROOT, "mean %.4f s, %.0f %% of the full one's", sampled, 100 * sampled / full);
  }

  private Console console() {
    return Console.of(spec);
  }
}
