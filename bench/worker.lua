--- One process of a measurement of the core.
--
--   worker.lua URL CA_FILE BUNDLE HEADER...

local core = require "vkyc.core"
local orders = require "orders"
local samples = require "samples"

local url, ca_file, bundle = arg[1], arg[2], arg[3]

local function times(fn)
  return function(count)
    for _ = 1, count do
      fn()
    end
  end
end

local function call(base_url, ca)
  local client = samples.client(base_url, ca)
  local params = samples.params
  return times(function()
    assert(client:initiate(params))
  end)
end

-- What initiate is made of, as client and exchange use it.
local function initiate()
  return require("vkyc.provider").load("cashfree_ppi").operations.initiate
end

-- name -> a function that makes the loop; made when it is first asked for.
local LOOPS = {
  call = function()
    return call(url, ca_file)
  end,

  luasec = function()
    local client = require("luasec_client").new(url .. "/ppi/kyc/vkyc", ca_file, { select(4, (unpack or table.unpack)(arg)) })
    local params = samples.params
    return times(function()
      assert(client:post(params).status)
    end)
  end,

  decode = function()
    local reply, response = initiate().reply, core.response(1048576)
    assert(response:fill(200, { ["content-type"] = "application/json" }, samples.response))
    return times(function()
      assert(reply:decode(response))
    end)
  end,

  cjson_decode = function()
    local cjson, text = require("cjson").new(), samples.response
    return times(function()
      assert(cjson.decode(text))
    end)
  end,

  encode = function()
    local operation, params = initiate(), samples.params
    local spec, schema = operation.spec, operation.request
    local request
    return times(function()
      request = assert(core.request(spec.method, url, spec.path, schema, params, nil, 1048576, request))
      request:clear()
    end)
  end,

  cjson_encode = function()
    local cjson, params = require("cjson").new(), samples.params
    return times(function()
      assert(cjson.encode(params))
    end)
  end,

  webhook = function()
    local client, body = samples.client(url, ca_file), samples.delivery
    return function(count)
      local headers = assert(require("vkyc").webhook.sign { provider = "cashfree_ppi", secret = samples.secret, body = body })
      for _ = 1, count do
        assert(client:webhook(headers, body))
      end
    end
  end,

  cjson_webhook = function()
    local cjson, text = require("cjson").new(), samples.delivery
    return times(function()
      assert(cjson.decode(text))
    end)
  end,

  connect_bundle = function()
    return call(url .. "/fresh", bundle)
  end,

  connect_one = function()
    return call(url .. "/fresh", ca_file)
  end,
}

orders.obey(LOOPS, 3, os.clock, core.monotonic)
