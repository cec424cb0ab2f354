//! The one object of Istio that is rendered.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

/// Hosts outside the mesh that pods inside it may reach.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServiceEntry {
    pub(crate) api_version: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) metadata: ObjectMeta,
    pub(crate) spec: ServiceEntrySpec,
}

/// Which hosts, and how they are reached.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ServiceEntrySpec {
    pub(crate) hosts: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) location: Option<&'static str>,
    pub(crate) ports: Vec<ServicePort>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resolution: Option<&'static str>,
}

/// One port of the hosts.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ServicePort {
    pub(crate) number: u16,
    pub(crate) name: &'static str,
    pub(crate) protocol: &'static str,
}

/// All hosts of Alibaba Cloud: the host of a bucket is known only from its events.
pub(crate) fn alibaba_cloud(api_version: &'static str, metadata: ObjectMeta) -> ServiceEntry {
    let ports = vec![ServicePort {
        number: 443,
        name: "https",
        protocol: "HTTPS",
    }];
    ServiceEntry {
        api_version,
        kind: "ServiceEntry",
        metadata,
        spec: ServiceEntrySpec {
            hosts: vec!["*.aliyuncs.com".to_owned()],
            location: None,
            ports,
            resolution: None,
        },
    }
}
