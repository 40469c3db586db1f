import pytest

from auditor.models import DEMO_FOLDER
from auditor.roofline import DEVICES, Shape, Work, device_named, triples_per_s

# The public configuration of Qwen2.5-VL-3B.
TEXT = {
    "hidden_size": 2048,
    "num_hidden_layers": 36,
    "intermediate_size": 11008,
    "num_attention_heads": 16,
    "num_key_value_heads": 2,
    "vocab_size": 151936,
}
VISION = {
    "hidden_size": 1280,
    "depth": 32,
    "intermediate_size": 3420,
    "patch_size": 14,
    "spatial_merge_size": 2,
    "window_size": 112,
    "fullatt_block_indexes": [7, 15, 23, 31],
    "out_hidden_size": 2048,
}
SHAPE = Shape.of(TEXT, VISION)


def test_the_weights_are_those_of_the_model() -> None:
    """2.775 billion in the layers, 0.311 in the output layer, 0.630 in the vision tower; 36,864 bytes a token."""
    assert SHAPE.weights == pytest.approx(2.775e9, rel=1e-3)
    assert SHAPE.head_weights == pytest.approx(0.311e9, rel=1e-2)
    assert SHAPE.vision_weights == pytest.approx(0.630e9, rel=1e-2)
    assert 2 * SHAPE.kv_values == 36_864


@pytest.mark.parametrize(("cached", "rate"), [(0, 59), (1000, 90)])
def test_prefill_of_a_text_with_an_image_on_an_h100(cached: int, rate: int) -> None:
    """Worked by hand: 1,500 text and 700 image tokens, 12.9 TFLOP of text, of which 5.7 are in the prefix, 3.8 seen."""
    work = Work(prompt_tokens=2200, cached_tokens=cached, image_tokens=700, output_tokens=0)
    assert triples_per_s(SHAPE, work, DEVICES["H100"]) == pytest.approx(rate, rel=0.03)


def test_writing_an_analysis_costs_reading_weights_and_keys() -> None:
    """Worked by hand: 250 steps at a batch of 256, each 8.4 ms on an H100, are 8.2 ms for each triple."""
    work = Work(prompt_tokens=2200, cached_tokens=1000, image_tokens=700, output_tokens=250)
    assert SHAPE.decode_s(work, 256, DEVICES["H100"]) == pytest.approx(8.2e-3, rel=0.05)


def test_devices_are_told_by_the_longest_name() -> None:
    assert device_named("NVIDIA L40S") == DEVICES["L40S"]
    assert device_named("NVIDIA H100 80GB HBM3") == DEVICES["H100"]
    assert device_named("CPU") is None


def test_a_checkpoint_folder_has_a_shape() -> None:
    assert Shape.read(DEMO_FOLDER).weights > 100_000
