"""The corpus of seeds: one honest example of what each tool writes, and texts made to hurt a parser.

`SEED_CARRIERS` is keyed by `<tool>, <variant>`; fuzzing starts from it. `HOSTILE_CARRIERS` is keyed by what it tries.
"""

import json

from dedup_assets_tests.generation_metadata.samples import FINAL_INFOTEXT, INFOTEXT, comfy_graph, with_hires_pass

SEED_CARRIERS: dict[str, dict[str, str]] = {
    "AUTOMATIC1111, text": {"parameters": INFOTEXT},
    "AUTOMATIC1111, hires": {"EXIF:UserComment": FINAL_INFOTEXT},
    "AUTOMATIC1111, quoted": {
        "parameters": 'x\nSteps: 1, Seed: 2, Lora hashes: "a: b, c: d", Script: "X/Y/Z plot", Hashes: {"model": "e"}'
    },
    "ComfyUI, graph": {"prompt": json.dumps(comfy_graph())},
    "ComfyUI, two passes": {"prompt": json.dumps(with_hires_pass(comfy_graph())), "workflow": '{"nodes": []}'},
    "ComfyUI, workflow": {
        "workflow": json.dumps(
            {
                "nodes": [
                    {"id": 1, "type": "CLIPTextEncode", "inputs": [], "widgets_values": ["a fox"]},
                    {
                        "id": 2,
                        "type": "KSampler",
                        "inputs": [{"name": "positive", "link": 1}],
                        "widgets_values": [5, "fixed", 20, 7, "euler", "normal", 1],
                    },
                ],
                "links": [[1, 1, 0, 2, 1, "CONDITIONING"]],
            }
        )
    },
    "InvokeAI, 3": {
        "invokeai_metadata": '{"positive_prompt": "a fox", "seed": 1, "steps": 2, "model": {"name": "m"}, "loras": []}'
    },
    "InvokeAI, 2": {"sd-metadata": '{"model_weights": "m", "image": {"prompt": [{"prompt": "a fox"}], "seed": 1}}'},
    "InvokeAI, 1": {"Dream": '"a fox [rain]" -s 50 -S 42 -W 512 -H 768 -C 5 -A k_lms'},
    "Fooocus, png": {
        "parameters": '{"prompt": "a fox", "base_model": "m", "seed": "1", "loras": [["l", 1]], "steps": 3}'
    },
    "NovelAI, png": {
        "Software": "NovelAI",
        "Description": "a fox",
        "Source": "Stable Diffusion 1D44365E",
        "Comment": '{"seed": 1}',
    },
    "NovelAI, object": {
        "stealth-alpha": '{"Software": "NovelAI", "Description": "a fox", "Comment": "{\\"seed\\": 1}"}'
    },
    "SwarmUI, png": {
        "parameters": '{"sui_image_params": {"prompt": "a fox", "seed": 1, "loras": ["l"]}, "sui_models": [{}]}'
    },
    "Easy Diffusion, png": {
        "prompt": "a fox",
        "seed": "1",
        "use_stable_diffusion_model": "m",
        "num_inference_steps": "3",
    },
    "Draw Things, xmp": {
        "XMP": "<xmp:CreatorTool>Draw Things</xmp:CreatorTool>"
        '<rdf:li xml:lang="x-default">{&quot;c&quot;: &quot;a fox&quot;}</rdf:li>'
    },
    "Civitai, graph": {
        "EXIF:UserComment": json.dumps({**comfy_graph(), "extraMetadata": '{"prompt": "a fox", "resources": []}'})
    },
    "Civitai, text": {
        "parameters": 'a fox\nSteps: 2, Seed: 1, Civitai resources: [{"type": "checkpoint", "modelVersionId": 1}]'
    },
    "Tensor.Art, png": {
        "generation_data": '{"prompt": "a fox", "seed": "-1", "baseModel": {"modelFileName": "m", "hash": "A5F5"}, '
        '"models": [{"type": "LORA", "modelFileName": "l", "weight": 0.8}]}',
        "prompt": json.dumps(comfy_graph()),
    },
    "Stability Matrix, png": {
        "parameters-json": '{"PositivePrompt": "a fox", "ModelName": "m", "ModelHash": "abc", "Seed": 1, "Steps": 2}',
        "prompt": json.dumps(comfy_graph()),
        "parameters": INFOTEXT,
        "smproj": '{"x": 1}',
    },
    "Hugging Face Space, png": {
        "parameters": '{"prompt": "a fox", "resolution": "832 x 1216", "num_inference_steps": 28, "seed": 1, '
        '"Model": "m", "Model hash": "e3c4", "use_upscaler": {"upscale_by": 1.5}}'
    },
    "ComfyUI, switches": {
        "prompt": json.dumps(
            {
                **comfy_graph(positive=["20", 0]),
                "20": {"class_type": "CLIPTextEncode", "inputs": {"text": ["21", 0], "clip": ["4", 1]}},
                "21": {"class_type": "ComfySwitchNode", "inputs": {"switch": ["22", 0], "on_true": ["23", 0]}},
                "22": {"class_type": "PrimitiveBoolean", "inputs": {"value": True}},
                "23": {"class_type": "PreviewAny", "inputs": {"source": ["24", 0]}},
                "24": {"class_type": "PrimitiveString", "inputs": {"value": "a fox"}},
            }
        )
    },
    "Midjourney, png": {"Description": "a fox --v 6 --seed 3 Job ID: 0f7dbc2c-9f5d-4b0e-b7ad-3d8e7a0cf3f1"},
}

MEGABYTES = 4_000_000

HOSTILE_CARRIERS: dict[str, dict[str, str]] = {
    "depth in a graph": {"prompt": '{"class_type": ' + "[" * MEGABYTES},
    "depth in an object": {"parameters": '{"base_model": ' + '{"a":' * 500_000},
    "depth inside an infotext": {"parameters": "x\nSteps: 1, Hashes: " + "[" * MEGABYTES + ", Seed: 5"},
    "depth in extra metadata": {
        "EXIF:UserComment": json.dumps({"extraMetadata": "[" * MEGABYTES, "1": {"class_type": "X"}})
    },
    "megabytes of numbers": {"prompt": '{"class_type": [' + "1," * (MEGABYTES // 2) + "1]}"},
    "megabytes of digits": {"prompt": '{"class_type": ' + "1" * MEGABYTES + "}"},
    "megabytes of nodes": {
        "prompt": json.dumps({str(n): {"class_type": "SaveImage", "inputs": {}} for n in range(60_000)})
    },
    "many save nodes over one picture": {
        "prompt": json.dumps(
            {
                **comfy_graph(),
                **{f"s{n}": {"class_type": "SaveImage", "inputs": {"images": ["8", 0]}} for n in range(15_000)},
            }
        )
    },
    "every node linked to every other": {
        "prompt": json.dumps(
            {
                str(n): {
                    "class_type": "KSampler",
                    "inputs": {"seed": n, "steps": 1, **{f"i{m}": [str(m), 0] for m in range(300)}},
                }
                for n in range(300)
            }
        )
    },
    "megabytes of step lines": {"parameters": "Steps: 1,\n" * (MEGABYTES // 10)},
    "megabytes of words Steps": {"parameters": "Steps: " * (MEGABYTES // 7)},
    "megabytes of one line": {"parameters": "x\nSteps: 1, " + "a" * MEGABYTES},
    "megabytes of unclosed quotes": {"parameters": "x\nSteps: 1, " + 'a: "b ' * (MEGABYTES // 6)},
    "megabytes of unclosed LoRAs": {"parameters": "<lora:" * (MEGABYTES // 6) + "\nSteps: 1, Seed: 2"},
    "megabytes of backslashes": {"Dream": '"' + "\\" * MEGABYTES},
    "megabytes of dashes": {"Dream": '"x"' + " -" * (MEGABYTES // 2)},
    "megabytes of unquoted words": {"Dream": "a " * (MEGABYTES // 2)},
    "megabytes of brackets": {"Dream": '"' + "[" * MEGABYTES + '" -S 1'},
    "megabytes before a job": {
        "Description": "a --" * (MEGABYTES // 4) + "Job ID: 0f7dbc2c-9f5d-4b0e-b7ad-3d8e7a0cf3f1"
    },
    "megabytes of jobs": {"Description": "Job ID: " * (MEGABYTES // 8)},
    "megabytes of list items": {"XMP": "Draw Things" + "<rdf:li " * (MEGABYTES // 8)},
    "megabytes of spaces": {"XMP": "Draw Things<rdf:li>" + " " * MEGABYTES, "prompt": " " * MEGABYTES},
    "a source of spaces": {"Software": "NovelAI", "Source": " " * MEGABYTES, "Comment": "{}"},
    "a source of words and spaces": {"Software": "NovelAI", "Source": "x" + " " * MEGABYTES + "y", "Comment": "{}"},
    "settings of spaces": {"parameters": "x\nSteps: 1, " + " " * MEGABYTES + "x"},
    "a prompt of spaces": {"parameters": " " * MEGABYTES + "Steps: 1," + " " * 1000},
    "a class that saves and saves": {
        "prompt": json.dumps({"1": {"class_type": "save" * 1_000_000, "inputs": {"a": ["1", 0]}}})
    },
    "nothing but NUL": {"parameters": "\x00" * 1000, "prompt": "\x00"},
    "numbers out of range": {"prompt": json.dumps(comfy_graph(seed=2**64, steps=-5, cfg=1e400, denoise="NaN"))},
}
